/** A byte-level tokenizer for random models: any text goes in, and every id comes out as text. */

/** Ids of the special tokens, which come first; 256 bytes follow, then made-up words. */
export const specialTokens = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] as const;

/** Ends an answer. */
export const stopTokenId = 2;

const firstByteId = specialTokens.length;
const firstWordId = firstByteId + 256;

/** ChatML, the most common of the chat formats. */
const chatTemplate =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/**
 * tokenizer.json and tokenizer_config.json, as objects, for transformers' AutoTokenizer.
 * @param vocabularySize ids in all, at least 259
 */
export function tinyTokenizer(vocabularySize: number): { tokenizer: object; configuration: object } {
  const vocabulary = new Map<string, number>(specialTokens.map((token, id) => [token, id]));
  for (let byte = 0; byte < 256; byte += 1) vocabulary.set(letterOfByte(byte), firstByteId + byte);
  for (let id = firstWordId; id < vocabularySize; id += 1)
    vocabulary.set(`Ġ${madeUpWord(id - firstWordId)}`, id);
  const special = { special: true, single_word: false, lstrip: false, rstrip: false, normalized: false };
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: specialTokens.map((content, id) => ({ id, content, ...special })),
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      post_processor: null,
      decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      model: { type: 'BPE', unk_token: null, vocab: Object.fromEntries(vocabulary), merges: [] },
    },
    configuration: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      bos_token: specialTokens[1],
      eos_token: specialTokens[stopTokenId],
      pad_token: specialTokens[0],
      unk_token: specialTokens[0],
      clean_up_tokenization_spaces: false,
      chat_template: chatTemplate,
    },
  };
}

/** The letter that stands for a byte in byte-level vocabularies: itself where printable, else one from U+0100 on (GPT-2). */
function letterOfByte(byte: number): string {
  if (isPrintable(byte)) return String.fromCharCode(byte);
  let earlier = 0;
  for (let other = 0; other < byte; other += 1) if (!isPrintable(other)) earlier += 1;
  return String.fromCharCode(0x100 + earlier);
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
}

/** A different word of two or more syllables for every number. */
function madeUpWord(number: number): string {
  const consonants = 'bdfghklmnprstvwz';
  const vowels = 'aeiou';
  const syllables = consonants.length * vowels.length;
  let word = '';
  for (let rest = number + syllables; rest > 0; rest = Math.floor(rest / syllables)) {
    const syllable = rest % syllables;
    word = `${consonants[Math.floor(syllable / vowels.length)]}${vowels[syllable % vowels.length]}${word}`;
  }
  return word;
}

/** A tokenizer of whole words as BERT's models have it: `[CLS] text [SEP]`, or `[CLS] query [SEP] document [SEP]`. */

const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const words =
  'the a and of to in is it on for with soup salt bread water onion carrot pan pot oven plate table bowl knife spoon cook ' +
  'chef bring share eat slow quick hot cold sweet sour red green potluck neighbour device model layer cat dog sits sleeps mat ' +
  'query passage : . , ? !';
const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** All tokens by id. */
export const wordVocabulary: readonly string[] = [
  ...special,
  ...new Set([...words.split(' '), ...letters]),
  ...[...letters].map((letter) => `##${letter}`),
];

/** tokenizer.json and tokenizer_config.json, as objects, for transformers' AutoTokenizer. */
export function wordTokenizer(): { tokenizer: object; configuration: object } {
  const idOf = (token: string): number => wordVocabulary.indexOf(token);
  const piece = (id: string, type_id: number): object => ({ SpecialToken: { id, type_id } });
  const text = (id: string, type_id: number): object => ({ Sequence: { id, type_id } });
  const flags = { special: true, single_word: false, lstrip: false, rstrip: false, normalized: false };
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: special.map((content, id) => ({ id, content, ...flags })),
      normalizer: {
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: null,
        lowercase: true,
      },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: {
        type: 'TemplateProcessing',
        single: [piece('[CLS]', 0), text('A', 0), piece('[SEP]', 0)],
        pair: [...[piece('[CLS]', 0), text('A', 0), piece('[SEP]', 0)], ...[text('B', 1), piece('[SEP]', 1)]],
        special_tokens: Object.fromEntries(
          ['[CLS]', '[SEP]'].map((id) => [id, { id, ids: [idOf(id)], tokens: [id] }]),
        ),
      },
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
      model: {
        type: 'WordPiece',
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
        vocab: Object.fromEntries(wordVocabulary.map((token, id) => [token, id])),
      },
    },
    configuration: {
      tokenizer_class: 'BertTokenizer',
      do_lower_case: true,
      cls_token: '[CLS]',
      sep_token: '[SEP]',
      pad_token: '[PAD]',
      unk_token: '[UNK]',
      mask_token: '[MASK]',
      model_max_length: 64,
    },
  };
}

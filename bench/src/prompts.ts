/** Prompts of an exact length, made with the model's own tokenizer and chat template. */
import { AutoTokenizer, env, type PreTrainedTokenizer } from '@huggingface/transformers';

const words =
  'the river carried small boats past the old mill while people on the bank talked about rain'.split(' ');

export interface BenchPrompt {
  /** What a client sends as the user's message. */
  content: string;
  /** What the template and the tokenizer make of it. */
  ids: number[];
}

/** Loads the tokenizer of a directory in the Hugging Face layout. */
export async function loadTokenizer(directory: string): Promise<PreTrainedTokenizer> {
  env.allowRemoteModels = false;
  return AutoTokenizer.from_pretrained(directory, { local_files_only: true });
}

/** @returns the longest prompt of repeated text that renders to at most `length` tokens */
export function promptOfLength(tokenizer: PreTrainedTokenizer, length: number): BenchPrompt {
  const make = (wordCount: number): BenchPrompt => {
    const content = Array.from({ length: wordCount }, (_, index) => words[index % words.length]).join(' ');
    const text = tokenizer.apply_chat_template([{ role: 'user', content }], {
      add_generation_prompt: true,
      tokenize: false,
    });
    if (typeof text !== 'string') throw new Error('the chat template did not render to text');
    return { content, ids: tokenizer.encode(text, { add_special_tokens: false }) };
  };
  let low = 1;
  let high = length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (make(middle).ids.length <= length) low = middle;
    else high = middle - 1;
  }
  return make(low);
}

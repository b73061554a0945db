/** A model's tokenizer with its chat template, as transformers.js reads them. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { AutoTokenizer, env, type PreTrainedTokenizer } from '@huggingface/transformers';
import { messageOf } from '../errors/messageOf.ts';
import { ModelError } from './modelError.ts';

/** A message as chat templates take it. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  name?: string;
}

export interface ChatFormat {
  tokenizer: PreTrainedTokenizer;
  /**
   * Token ids of a conversation in the model's own format, up to where the answer starts. Takes as long as the model's
   * regular expressions and template take: call it in a thread.
   * @param variables further ones of the template
   * @throws ModelError with the template's own words if it refuses the conversation
   */
  encode(this: void, messages: ChatMessage[], variables?: Record<string, unknown>): number[];
}

// Everything comes from the data directory; a missing file must be an error, not a request to the internet.
env.allowRemoteModels = false;

/** @throws ModelError if the files are missing or not understood */
export async function loadChatFormat(directory: string): Promise<ChatFormat> {
  const [tokenizer, separateTemplate] = await Promise.all([
    AutoTokenizer.from_pretrained(path.resolve(directory), { local_files_only: true }),
    readFile(path.join(directory, 'chat_template.jinja'), 'utf8').catch(() => undefined),
  ]).catch((cause: unknown) => {
    throw new ModelError(`The tokenizer in ${directory} can't be loaded: ${messageOf(cause)}`, { cause });
  });
  const template = separateTemplate === undefined ? {} : { chat_template: separateTemplate };
  return {
    tokenizer,
    encode: (messages, variables = {}) => {
      try {
        return tokenizer.apply_chat_template(messages, {
          ...variables,
          ...template,
          tokenize: true,
          add_generation_prompt: true,
          return_tensor: false,
          return_dict: false,
        });
      } catch (cause) {
        throw new ModelError(`The model's chat template refuses this conversation: ${messageOf(cause)}`, {
          cause,
        });
      }
    },
  };
}

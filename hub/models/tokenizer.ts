/** The model's own tokenizer and chat template. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { AutoTokenizer, env } from '@huggingface/transformers';
import { ModelError, messageOf } from '../errors.ts';
import { readVocabulary, type Vocabulary } from './tokenBytes.ts';

/** A message as chat templates take it. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  name?: string;
}

/** What generation needs of a tokenizer. */
export interface Tokenizer extends Vocabulary {
  /**
   * Token ids of a conversation in the model's own format, up to where the answer starts.
   * @throws ModelError with the template's own words if it refuses the conversation
   */
  encodeChat(this: void, messages: ChatMessage[]): number[];
  /** Text of token ids; special tokens are left out. Bytes that are no whole code point read as U+FFFD. */
  decode(this: void, tokens: number[]): string;
  /** The token that the tokenizer itself names as the end, if any. */
  endTokenId: number | undefined;
}

// Everything comes from the data directory; a missing file must be an error, not a request to the internet.
env.allowRemoteModels = false;

/**
 * Loads a tokenizer from a folder that holds tokenizer.json and tokenizer_config.json.
 * @throws ModelError if the files are missing or not understood
 */
export async function loadTokenizer(directory: string): Promise<Tokenizer> {
  const [tokenizer, tokenizerJson, separateTemplate] = await Promise.all([
    AutoTokenizer.from_pretrained(path.resolve(directory), { local_files_only: true }),
    readFile(path.join(directory, 'tokenizer.json'), 'utf8'),
    readFile(path.join(directory, 'chat_template.jinja'), 'utf8').catch(() => undefined),
  ]).catch((cause: unknown) => {
    throw new ModelError(`The tokenizer in ${directory} can't be loaded: ${messageOf(cause)}`, { cause });
  });
  const template = separateTemplate === undefined ? {} : { chat_template: separateTemplate };
  const { eos_token_id: endTokenId } = tokenizer as unknown as { eos_token_id?: unknown };
  return {
    encodeChat: (messages) => {
      try {
        return tokenizer.apply_chat_template(messages, {
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
    decode: (tokens) =>
      tokens.length === 0
        ? ''
        : tokenizer.decode(tokens, { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
    ...readVocabulary(JSON.parse(tokenizerJson)),
    endTokenId: typeof endTokenId === 'number' ? endTokenId : undefined,
  };
}

/** The model's own tokenizer and chat template. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ModelError, messageOf } from '../errors.ts';
import { loadChatFormat, type ChatMessage } from './chatFormat.ts';
import { LongChats } from './longChats.ts';
import { readVocabulary, type Vocabulary } from './tokenBytes.ts';

export type { ChatMessage } from './chatFormat.ts';

/** What generation needs of a tokenizer. */
export interface Tokenizer extends Vocabulary {
  /**
   * Token ids of a conversation in the model's own format, up to where the answer starts.
   * @throws ModelError with the template's own words if it refuses the conversation
   */
  encodeChat(this: void, messages: ChatMessage[]): Promise<number[]>;
  /** Text of token ids; special tokens are left out. Bytes that are no whole code point read as U+FFFD. */
  decode(this: void, tokens: number[]): string;
  /** The token that the tokenizer itself names as the end, if any. */
  endTokenId: number | undefined;
}

/** Encoding more characters than this would hold everybody up for more than a moment (about 30 ms). */
const mostCharactersAtOnce = 16_384;

/**
 * Loads a tokenizer from a folder that holds tokenizer.json and tokenizer_config.json.
 * @throws ModelError if the files are missing or not understood
 */
export async function loadTokenizer(directory: string): Promise<Tokenizer> {
  const { tokenizer, encode } = await loadChatFormat(directory);
  const tokenizerJson = await readFile(path.join(directory, 'tokenizer.json'), 'utf8').catch(
    (cause: unknown) => {
      throw new ModelError(`The tokenizer in ${directory} can't be loaded: ${messageOf(cause)}`, { cause });
    },
  );
  const longChats = new LongChats(directory);
  const { eos_token_id: endTokenId } = tokenizer as unknown as { eos_token_id?: unknown };
  return {
    encodeChat: async (messages) =>
      charactersOf(messages) + templateCharacters * messages.length > mostCharactersAtOnce
        ? longChats.encode(messages)
        : encode(messages),
    decode: (tokens) =>
      tokens.length === 0
        ? ''
        : tokenizer.decode(tokens, { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
    ...readVocabulary(JSON.parse(tokenizerJson)),
    endTokenId: typeof endTokenId === 'number' ? endTokenId : undefined,
  };
}

/** What a template writes around each message, about. */
const templateCharacters = 32;

export function charactersOf(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, { content }) => sum + content.length, 0);
}

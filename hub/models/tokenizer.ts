/** The model's own tokenizer and chat template. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../errors/messageOf.ts';
import { ModelError } from './modelError.ts';
import { loadChatFormat, type ChatMessage } from './chatFormat.ts';
import { ChatEncoder, type EncodeOptions } from './encoding/chatEncoder.ts';
import { readVocabulary, type Vocabulary } from './tokenBytes.ts';

export type { ChatMessage } from './chatFormat.ts';

/** What generation needs of a tokenizer. */
export interface Tokenizer extends Vocabulary {
  /**
   * Token ids of a conversation in the model's own format, up to where the answer starts.
   * @throws ModelError with the template's own words if it refuses the conversation; EncodingError if it takes too much
   *   time or memory; the signal's reason
   */
  encodeChat(this: void, messages: ChatMessage[], options?: EncodeOptions): Promise<number[]>;
  /** Makes ready for the first conversation. */
  warmUp(this: void): void;
  /** Text of token ids; special tokens are left out. Bytes that are no whole code point read as U+FFFD. */
  decode(this: void, tokens: number[]): string;
  /** The token that the tokenizer itself names as the end, if any. */
  endTokenId: number | undefined;
}

/**
 * Loads a tokenizer from a folder that holds tokenizer.json and tokenizer_config.json.
 * @throws ModelError if the files are missing or not understood
 */
export async function loadTokenizer(directory: string): Promise<Tokenizer> {
  const { tokenizer } = await loadChatFormat(directory);
  const tokenizerJson = await readFile(path.join(directory, 'tokenizer.json'), 'utf8').catch(
    (cause: unknown) => {
      throw new ModelError(`The tokenizer in ${directory} can't be loaded: ${messageOf(cause)}`, { cause });
    },
  );
  const file: unknown = JSON.parse(tokenizerJson);
  refuseDecoder(file, directory);
  const encoder = new ChatEncoder(directory);
  const { eos_token_id: endTokenId } = tokenizer as unknown as { eos_token_id?: unknown };
  return {
    encodeChat: (messages, options) => encoder.encode(messages, options),
    warmUp: () => encoder.warmUp(),
    decode: (tokens) =>
      tokens.length === 0
        ? ''
        : tokenizer.decode(tokens, { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
    ...readVocabulary(file),
    endTokenId: typeof endTokenId === 'number' ? endTokenId : undefined,
  };
}

export function charactersOf(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, { content }) => sum + content.length, 0);
}

/** Tokens are decoded in the hub's own thread, which a regular expression of the model could stop for ever. */
function refuseDecoder(tokenizerFile: unknown, directory: string): void {
  const { decoder } = tokenizerFile as { decoder?: unknown };
  if (!JSON.stringify(decoder ?? null).includes('"Regex":')) return;
  throw new ModelError(
    `The tokenizer in ${directory} decodes with a regular expression, which the hub does not run.`,
  );
}

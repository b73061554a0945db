/** The model's own tokenizer and chat template. */
import { setImmediate } from 'node:timers/promises';
import type { ChatMessage } from './chatFormat.ts';
import {
  ChatEncoder,
  type EncodeOptions,
  type ShareOptions,
  type TextOptions,
  type TokenPair,
} from './encoding/chatEncoder.ts';
import { inThread } from './inThread.ts';
import type { ResponseFormat } from './responseFormat.ts';
import { vocabularyOf, type Vocabulary } from './tokenBytes.ts';
import type { TokenizerParts } from './tokenizerThread.ts';
import { loadTransformers } from './transformers.ts';

export type { ChatMessage } from './chatFormat.ts';

/** What generation needs of a tokenizer. */
export interface Tokenizer extends Vocabulary {
  /**
   * Token ids of a conversation in the model's own format, up to where the answer starts.
   * @throws ModelError with the template's own words if it refuses the conversation; EncodingError if it takes too much
   *   time or memory; the signal's reason
   */
  encodeChat(this: void, messages: ChatMessage[], options?: EncodeOptions): Promise<number[]>;
  /**
   * Token ids of a text in which special tokens count, unless it is plain.
   * @param addsSpecial with those that every prompt begins with
   * @throws as `encodeChat` does
   */
  encodeText(this: void, text: string, addsSpecial: boolean, options?: TextOptions): Promise<number[]>;
  /** Token ids of two texts as one, and of which of the two each token is. @throws as `encodeChat` does */
  encodePair(this: void, text: string, pair: string, options?: ShareOptions): Promise<TokenPair>;
  /** What marks thinking and calls of tools in answers. */
  responseFormat: ResponseFormat;
  /** What each token stands for, as `readVocabulary` of the engine reads it. */
  vocabulary: Uint8Array;
  /** Token ids by the text of those that mark something. */
  marks: ReadonlyMap<string, number>;
  /** Makes ready for the first conversation. */
  warmUp(this: void): void;
  /** Nobody asks any more: what it holds beside this process ends. */
  close(this: void): void;
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
  const parts = await inThread<TokenizerParts>(new URL('./tokenizerThread.ts', import.meta.url), directory);
  const pieces = await piecesOf(parts);
  const { PreTrainedTokenizer } = await loadTransformers();
  const tokenizer = new PreTrainedTokenizer(parts.file, parts.config);
  // A vocabulary of which it makes its own maps would take as long as a turn of the event loop must not.
  (tokenizer as unknown as { _tokenizer: { model: { vocab: string[] } } })._tokenizer.model.vocab = pieces;
  const encoder = new ChatEncoder(directory);
  return {
    encodeChat: (messages, options) => encoder.encode(messages, options),
    encodeText: (text, addsSpecial, options) => encoder.encodeText(text, addsSpecial, options),
    encodePair: (text, pair, options) => encoder.encodePair(text, pair, options),
    responseFormat: parts.responseFormat,
    vocabulary: parts.vocabulary,
    marks: new Map(
      parts.added.filter(({ content }) => content !== '').map(({ id, content }) => [content, id]),
    ),
    warmUp: () => encoder.warmUp(),
    close: () => encoder.close(),
    decode: (tokens) =>
      tokens.length === 0
        ? ''
        : tokenizer.decode(tokens, { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
    ...vocabularyOf(parts, pieces),
    endTokenId: parts.endTokenId,
  };
}

/** Pieces that are cut out of their text in one turn of the event loop. */
const piecesPerTurn = 25_000;

async function piecesOf({ texts, ends }: TokenizerParts): Promise<string[]> {
  const pieces: string[] = [];
  for (let id = 0; id < ends.length; id++) {
    pieces.push(texts.slice(ends[id - 1] ?? 0, ends[id]));
    if (id % piecesPerTurn === piecesPerTurn - 1) await setImmediate();
  }
  return pieces;
}

/** Reads a tokenizer, which takes up to a second for a large vocabulary, and keeps what decoding needs. See `inThread.ts`. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { messageOf } from '../errors/messageOf.ts';
import { loadChatFormat } from './chatFormat.ts';
import { answerFromThread } from './inThread.ts';
import { ModelError } from './modelError.ts';
import { findResponseFormat, type ResponseFormat } from './responseFormat.ts';
import { vocabularyBlob, type TokenKinds } from './tokenBytes.ts';

/** What the hub's own thread keeps of a tokenizer. */
export interface TokenizerParts extends TokenKinds {
  /** tokenizer.json without its vocabulary, and without what encodes. */
  file: object;
  /** tokenizer_config.json. */
  config: object;
  /** Texts of all tokens, by id, in one: each ends at its place in `ends`. A string by itself costs more to hand over. */
  texts: string;
  ends: Uint32Array<ArrayBuffer>;
  /** The token that the tokenizer itself names as the end, if any. */
  endTokenId: number | undefined;
  /** What marks thinking and calls of tools in answers. */
  responseFormat: ResponseFormat;
  /** What each token stands for, as `writeVocabulary` writes it. */
  vocabulary: Uint8Array<ArrayBuffer>;
}

const TokenizerFile = z.looseObject({
  added_tokens: z
    .array(z.looseObject({ id: z.number(), content: z.string(), special: z.boolean().optional() }))
    .default([]),
  decoder: z.unknown(),
  model: z.looseObject({
    vocab: z
      .union([z.record(z.string(), z.number()), z.array(z.tuple([z.string(), z.number()]))])
      .default({}),
  }),
});

const ByteLevel = z.looseObject({ type: z.literal('ByteLevel') });

answerFromThread(async (directory: string) => {
  const { tokenizer, template } = await loadChatFormat(directory);
  const json = await readFile(path.join(directory, 'tokenizer.json'), 'utf8').catch((cause: unknown) => {
    throw new ModelError(`The tokenizer in ${directory} can't be loaded: ${messageOf(cause)}`, { cause });
  });
  const { added_tokens: added, decoder, model } = TokenizerFile.parse(JSON.parse(json));
  refuseDecoder(decoder, directory);
  // As the library reads the file for this kind of tokenizer.
  const used = tokenizer as unknown as UsedTokenizer;
  const { normalizer: _, pre_tokenizer: __, post_processor: ___, ...file } = used._tokenizerJSON;
  const pieces = used._tokenizer.model.vocab;
  let texts = '';
  const ends = new Uint32Array(pieces.length);
  for (let id = 0; id < pieces.length; id++) {
    texts += pieces[id] ?? '';
    ends[id] = texts.length;
  }
  const { unk_token: unknown, end_of_word_suffix: suffix } = { ...model, ...used._tokenizer.model };
  const parts: Omit<TokenizerParts, 'vocabulary'> = {
    file: {
      ...file,
      ...{ normalizer: null, pre_tokenizer: null, post_processor: null },
      model: { type: 'BPE', vocab: {}, merges: [], unk_token: unknown, end_of_word_suffix: suffix },
    },
    config: used._tokenizerConfig,
    texts,
    ends,
    added: added.map(({ id, content, special }) => ({ id, content, special: special === true })),
    isByteLevel: JSON.stringify(decoder ?? '').includes('"ByteLevel"'),
    // Without what other decoders do, such as dropping a space at the start.
    joinsBytes: ByteLevel.safeParse(decoder).success && !suffix,
    longestTokenLength: pieces.reduce((longest, piece) => Math.max(longest, piece.length), 1),
    responseFormat: findResponseFormat(
      template,
      (used._tokenizerConfig as { response_template?: unknown }).response_template,
    ),
    endTokenId: typeof used.eos_token_id === 'number' ? used.eos_token_id : undefined,
  };
  const vocabulary = vocabularyBlob(parts, pieces);
  return { value: { ...parts, vocabulary }, transfer: [ends.buffer, vocabulary.buffer] };
});

/** What a tokenizer of transformers.js (4.3) holds. */
interface UsedTokenizer {
  _tokenizerJSON: Record<string, unknown>;
  _tokenizerConfig: object;
  _tokenizer: { model: { vocab: string[]; unk_token?: string; end_of_word_suffix?: string } };
  eos_token_id?: unknown;
}

/** Tokens are decoded in the hub's own thread, which a regular expression of the model could stop for ever. */
function refuseDecoder(decoder: unknown, directory: string): void {
  if (!JSON.stringify(decoder ?? null).includes('"Regex":')) return;
  throw new ModelError(
    `The tokenizer in ${directory} decodes with a regular expression, which the hub does not run.`,
  );
}

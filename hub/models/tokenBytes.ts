/** The exact bytes of single tokens, read from a vocabulary: log probabilities report them. */
import { z } from 'zod';

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

/** What single tokens stand for. */
export interface Vocabulary {
  /** Bytes of a token; an unknown id has none. */
  tokenBytes(this: void, token: number): Uint8Array;
  /** Text of a token that marks something and adds no text to an answer; undefined for all others. */
  specialText(this: void, token: number): string | undefined;
  /** Characters of the longest token. */
  longestTokenLength: number;
}

/** @param tokenizerFile what tokenizer.json holds */
export function readVocabulary(tokenizerFile: unknown): Vocabulary {
  const { added_tokens: added, decoder, model } = TokenizerFile.parse(tokenizerFile);
  const pieces = new Map<number, string>();
  if (Array.isArray(model.vocab)) for (const [id, [piece]] of model.vocab.entries()) pieces.set(id, piece);
  else for (const [piece, id] of Object.entries(model.vocab)) pieces.set(id, piece);
  const addedTexts = new Map(added.map(({ id, content }) => [id, content]));
  const specialTexts = new Map(
    added.flatMap(({ id, content, special }) => (special === true ? [[id, content] as const] : [])),
  );
  const encoder = new TextEncoder();
  const byteLevel = JSON.stringify(decoder ?? '').includes('"ByteLevel"') ? byteLevelTable() : undefined;
  const tokenBytes = (token: number): Uint8Array => {
    const text = addedTexts.get(token);
    if (text !== undefined) return encoder.encode(text);
    const piece = pieces.get(token) ?? '';
    if (byteLevel) return Uint8Array.from(piece, (letter) => byteLevel.get(letter) ?? 0x3f);
    const byte = /^<0x([0-9A-F]{2})>$/.exec(piece)?.[1];
    return byte ? Uint8Array.of(Number.parseInt(byte, 16)) : encoder.encode(piece.replaceAll('\u2581', ' '));
  };
  let longestTokenLength = 1;
  for (const text of [...pieces.values(), ...addedTexts.values()]) {
    longestTokenLength = Math.max(longestTokenLength, text.length);
  }
  return { tokenBytes, specialText: (token) => specialTexts.get(token), longestTokenLength };
}

/** GPT-2's printable stand-ins for bytes: printable Latin-1 stands for itself, the rest counts on from U+0100. */
function byteLevelTable(): Map<string, number> {
  const table = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    table.set(String.fromCharCode(printable ? byte : next++), byte);
  }
  return table;
}

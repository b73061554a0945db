/** The exact bytes of single tokens: log probabilities report them. */
import { writeVocabulary } from '@potluck/engine/constraint';

/** What a tokenizer says of its tokens beside their texts. */
export interface TokenKinds {
  added: { id: number; content: string; special: boolean }[];
  isByteLevel: boolean;
  /** True where the text of tokens is that of their bytes, one after the other. */
  joinsBytes: boolean;
  longestTokenLength: number;
}

/** What single tokens stand for. */
export interface Vocabulary {
  /** Bytes of a token; an unknown id has none. */
  tokenBytes(this: void, token: number): Uint8Array;
  /** Text of a token that marks something and adds no text to an answer; undefined for all others. */
  specialText(this: void, token: number): string | undefined;
  /** Characters of the longest token. */
  longestTokenLength: number;
  /** True where the text of tokens is that of their bytes, one after the other. */
  joinsBytes: boolean;
}

/** @param pieces of the vocabulary, by id, as its file writes them */
export function vocabularyOf(
  { added, isByteLevel, joinsBytes, longestTokenLength }: TokenKinds,
  pieces: readonly string[],
): Vocabulary {
  const addedTexts = new Map(added.map(({ id, content }) => [id, content]));
  const specialTexts = new Map(
    added.flatMap(({ id, content, special }) => (special ? [[id, content] as const] : [])),
  );
  const encoder = new TextEncoder();
  const byteLevel = isByteLevel ? byteLevelTable() : undefined;
  const tokenBytes = (token: number): Uint8Array => {
    const text = addedTexts.get(token);
    if (text !== undefined) return encoder.encode(text);
    const piece = pieces[token] ?? '';
    if (byteLevel) {
      const bytes = new Uint8Array(piece.length);
      for (let index = 0; index < piece.length; index++)
        bytes[index] = byteLevel.get(piece.charCodeAt(index)) ?? 0x3f;
      return bytes;
    }
    const byte = /^<0x([0-9A-F]{2})>$/.exec(piece)?.[1];
    return byte ? Uint8Array.of(Number.parseInt(byte, 16)) : encoder.encode(piece.replaceAll('\u2581', ' '));
  };
  return { tokenBytes, specialText: (token) => specialTexts.get(token), longestTokenLength, joinsBytes };
}

/** Written in brackets, such as `<tool_call>`, also where the tokenizer does not call it special. */
const markText = /^(<[^\s<>]+>|\[[A-Z_/]+\])$/;

/** What each token stands for, as a grammar engine takes it: marks are no text, so no answer that is held to a grammar has one. */
export function vocabularyBlob(parts: TokenKinds, pieces: readonly string[]): Uint8Array<ArrayBuffer> {
  const { tokenBytes } = vocabularyOf(parts, pieces);
  const marks = new Set(
    parts.added.flatMap(({ id, content, special }) => (special || markText.test(content) ? [id] : [])),
  );
  const size = Math.max(pieces.length, ...parts.added.map(({ id }) => id + 1));
  return writeVocabulary({ size, bytes: tokenBytes, isMark: (token) => marks.has(token) });
}

/** By their code, GPT-2's printable stand-ins for bytes: printable Latin-1 stands for itself, the rest counts on from U+0100. */
function byteLevelTable(): Map<number, number> {
  const table = new Map<number, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    table.set(printable ? byte : next++, byte);
  }
  return table;
}

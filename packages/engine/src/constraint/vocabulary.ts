/** What each token of a model stands for, as one blob: what a grammar engine is set up with. */

/** Begins the blob: `PLV1`. */
const magic = 0x31564c50;
/** More than any model has. */
const maxTokens = 2 ** 20;

export interface Vocabulary {
  /** How many tokens. */
  readonly size: number;
  /** Bytes of a token's text; none for one that stands for nothing. */
  bytes(token: number): Uint8Array;
  /** True for a token that marks something: it is no text, though it has a name. */
  isMark(token: number): boolean;
}

/**
 * Writes a vocabulary: magic, count and the ends of all texts as 32-bit little-endian integers, a byte for each token that
 * says whether it is a mark, then the texts.
 */
export function writeVocabulary(vocabulary: Vocabulary): Uint8Array<ArrayBuffer> {
  const { size } = vocabulary;
  let length = 0;
  for (let token = 0; token < size; token++) length += vocabulary.bytes(token).byteLength;
  const start = 8 + 5 * size;
  const blob = new Uint8Array(start + length);
  const view = new DataView(blob.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(4, size, true);
  let end = 0;
  for (let token = 0; token < size; token++) {
    const bytes = vocabulary.bytes(token);
    blob.set(bytes, start + end);
    end += bytes.byteLength;
    view.setUint32(8 + 4 * token, end, true);
    blob[8 + 4 * size + token] = vocabulary.isMark(token) ? 1 : 0;
  }
  return blob;
}

/** @returns views of the blob. @throws Error where it is none */
export function readVocabulary(blob: Uint8Array): Vocabulary {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const size = blob.byteLength >= 8 && view.getUint32(0, true) === magic ? view.getUint32(4, true) : 0;
  const start = 8 + 5 * size;
  if (size === 0 || size > maxTokens || start > blob.byteLength) throw new Error('this is no vocabulary');
  const end = (token: number): number => (token < 0 ? 0 : view.getUint32(8 + 4 * token, true));
  for (let token = 0; token < size; token++) {
    if (end(token) < end(token - 1)) throw new Error('the vocabulary is damaged');
  }
  if (start + end(size - 1) !== blob.byteLength) throw new Error('the vocabulary is damaged');
  return {
    size,
    bytes: (token) =>
      token < size ? blob.subarray(start + end(token - 1), start + end(token)) : new Uint8Array(0),
    isMark: (token) => token < size && blob[8 + 4 * size + token] === 1,
  };
}

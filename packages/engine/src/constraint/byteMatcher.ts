/** What a search for the end of an answer sees of a grammar whose tokens are bytes. */
import type { TokenConstraint } from './tokenConstraint.ts';
import { allows } from './tokenMask.ts';

/** What the search needs of a grammar whose tokens are bytes. */
export type ByteMatcher = Pick<TokenConstraint, 'accept' | 'rollback' | 'mayEnd'> & {
  /** How many of these tokens, from the first on, may come one after the other. */
  accepts(tokens: readonly number[]): number;
  maskView(): Uint32Array;
};

/** Bytes are tokens from `firstByte` on; the others that may be taken are the marks in `marks`. */
export interface ByteTokens {
  firstByte: number;
  /** Of the grammar: marks that it names. */
  marks: readonly number[];
  /** Tokens of short texts that the grammar's patterns match. */
  words: readonly (readonly number[])[];
}

/** What may come next at one place. */
export interface Outlook {
  mayEnd: boolean;
  /** For each of the 256 bytes, 1 where it may come. */
  bytes: Uint8Array;
  /** How many of them may. */
  count: number;
  /** The first mark that may come. */
  mark: number | undefined;
  /** The same for the same bytes, mark and end. */
  key: string;
}

/** @throws ConstraintError where the engine gives up */
export function outlook(matcher: ByteMatcher, { firstByte, marks }: ByteTokens): Outlook {
  const { mayEnd } = matcher;
  const mask = matcher.maskView();
  const bytes = new Uint8Array(256);
  let count = 0;
  for (let byte = 0; byte < 256; byte++) {
    if (!allows(mask, firstByte + byte)) continue;
    bytes[byte] = 1;
    count++;
  }
  const mark = marks.find((token) => allows(mask, token));
  return { mayEnd, bytes, count, mark, key: `${String.fromCharCode(...bytes)}${mark ?? ''}${mayEnd}` };
}

/** The shortest way to the end of an answer, byte by byte, as far as a greedy search finds it. Pure but for the matcher, which it leaves as it was. */
import type { TokenConstraint } from './tokenConstraint.ts';

/** What the search needs of a grammar whose tokens are bytes. */
export type ByteMatcher = Pick<TokenConstraint, 'accept' | 'rollback' | 'mayEnd' | 'ended'> & {
  maskView(): Uint32Array;
};

/** Bytes are tokens from `firstByte` on; the others that may be taken are the marks in `marks`. */
export interface ByteTokens {
  firstByte: number;
  /** Of the grammar: marks that it names. */
  marks: readonly number[];
}

/** Longest end that is looked for, in bytes. */
export const mostEndBytes = 4096;

/** What a byte costs: what closes is cheap, what opens is dear, so that the search does not go deeper. */
const textCost = 5;
const costs = new Float64Array(256).fill(textCost);
for (const [signs, cost] of [
  ['}', 0],
  [']', 0.1],
  ['"', 1],
  [',:', 3],
  ['0123456789', 3.5],
  ['-.eE', 6],
  [' ', 4.5],
  ['\t\n\r', 7],
  ['\\', 20],
  ['[', 30],
  ['{', 40],
] as const) {
  for (const sign of signs) costs[sign.charCodeAt(0)] = cost;
}
/** `null` and `true` are shorter than `false`. */
costs['n'.charCodeAt(0)] = costs['t'.charCodeAt(0)] = 4;
costs.fill(10, 0x80);
const markCost = 0.05;
/** Of a quote within text, which it ends. */
const quoteInText = -1;
const [letter, brace, quote] = [0x61, 0x7d, 0x22];
/** What a byte of a text costs more each time that it was taken: so no pattern goes on for ever. */
const againCost = 0.5;
const isStructural = new Set(Array.from('{}[]",:', (sign) => sign.charCodeAt(0)));

/**
 * @returns tokens of the byte grammar that end the answer; undefined where none was found within `most`
 * @throws ConstraintError where the engine gives up
 */
export function shortestEnd(
  matcher: ByteMatcher,
  { firstByte, marks }: ByteTokens,
  most = mostEndBytes,
): number[] | undefined {
  const taken: number[] = [];
  const times = new Map<number, number>();
  try {
    while (!matcher.mayEnd) {
      if (taken.length >= most) return undefined;
      const mask = matcher.maskView();
      const allows = (token: number): boolean => (((mask[token >> 5] ?? 0) >>> (token & 31)) & 1) === 1;
      // Where a brace stands for itself, no brace closes anything.
      const isText = allows(firstByte + letter) && allows(firstByte + brace);
      let best: number | undefined;
      let least = Infinity;
      const consider = (token: number, cost: number): void => {
        if (cost >= least || !allows(token)) return;
        least = cost;
        best = token;
      };
      for (const mark of marks) consider(mark, markCost);
      for (let byte = 0; byte < 256; byte++) {
        const token = firstByte + byte;
        const again = againCost * (times.get(token) ?? 0);
        if (isText && byte === quote) consider(token, quoteInText);
        else if (!isStructural.has(byte)) consider(token, (costs[byte] ?? textCost) + again);
        else consider(token, isText ? textCost + again : (costs[byte] ?? textCost));
      }
      if (best === undefined) return undefined;
      matcher.accept(best);
      taken.push(best);
      times.set(best, (times.get(best) ?? 0) + 1);
    }
    return taken;
  } finally {
    matcher.rollback(taken.length);
  }
}

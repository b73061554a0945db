/**
 * A counter-based random generator: numbers are a pure function of key and counter, so nothing needs to be stored
 * for a replay to draw the same.
 *
 * Philox4x32-10 as in J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel Random Numbers: As Easy as
 * 1, 2, 3" (SC 2011); constants and known answers from the authors' Random123 library.
 */

const rounds = 10;
const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

export type PhiloxCounter = readonly [number, number, number, number];
export type PhiloxKey = readonly [number, number];

/** @returns four unsigned 32-bit words; all arguments are unsigned 32-bit words too */
export function philox4x32(counter: PhiloxCounter, key: PhiloxKey): PhiloxCounter {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < rounds; round++) {
    const high0 = multiplyHigh(multiplier0, c0);
    const high1 = multiplyHigh(multiplier1, c2);
    const low0 = Math.imul(multiplier0, c0);
    const low1 = Math.imul(multiplier1, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + weyl0) >>> 0;
    k1 = (k1 + weyl1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/**
 * The number that decides the token at `position` of a choice.
 * @param seed integer in [0, 2^53)
 * @returns in [0, 1), a multiple of 2^-53
 */
export function uniformDraw(seed: number, choiceIndex: number, position: number): number {
  const key: PhiloxKey = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
  const [first, second] = philox4x32([position >>> 0, choiceIndex >>> 0, 0, 0], key);
  return ((first >>> 5) * 2 ** 26 + (second >>> 6)) / 2 ** 53;
}

/** High 32 bits of the product of two unsigned 32-bit words, by 16-bit halves. */
function multiplyHigh(left: number, right: number): number {
  const leftLow = left & 0xffff;
  const leftHigh = left >>> 16;
  const rightLow = right & 0xffff;
  const rightHigh = right >>> 16;
  const middle = leftHigh * rightLow + ((leftLow * rightLow) >>> 16);
  const carry = (middle & 0xffff) + leftLow * rightHigh;
  return (leftHigh * rightHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

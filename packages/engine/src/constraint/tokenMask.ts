/** Which tokens may come next, as bits: token `t` is bit `t & 31` of word `t >> 5`. */

/** Words of a mask of so many tokens. */
export function maskWords(tokens: number): number {
  return Math.ceil(tokens / 32);
}

/** False for tokens beyond the mask. */
export function allows(mask: Uint32Array, token: number): boolean {
  return (((mask[token >> 5] ?? 0) >>> (token & 31)) & 1) === 1;
}

/** Lets a token come, or not; tokens beyond the mask are left out. */
export function setAllowed(mask: Uint32Array, token: number, isAllowed: boolean): void {
  const word = token >> 5;
  if (word >= mask.length) return;
  const bit = 1 << (token & 31);
  mask[word] = isAllowed ? (mask[word] ?? 0) | bit : (mask[word] ?? 0) & ~bit;
}

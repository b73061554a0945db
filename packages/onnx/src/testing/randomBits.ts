/** Reproducible random bits, fast enough for hundreds of megabytes of weights. */

/** A stream of 32-bit random numbers; not for secrets. */
export type RandomBits = () => number;

/**
 * A stream that depends on `seed` and `name` only, so that a tensor does not change when another one does.
 * Generator: xorshift32 (Marsaglia, "Xorshift RNGs", 2003); the name is hashed with FNV-1a.
 */
export function randomBits(seed: number, name: string): RandomBits {
  let state = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${seed}:${name}`)) state = Math.imul(state ^ byte, 0x01000193);
  state ||= 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  };
}

/** The next number as a float in [-1, 1). */
export function nextSigned(bits: RandomBits): number {
  return bits() / 2 ** 31;
}

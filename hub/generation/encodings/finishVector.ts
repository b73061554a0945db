/** From what an encoder gives to what people asked for. */

/** Brings a vector to length 1; a vector of zeros stays. */
export function normalised(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const value of vector) sum += value * value;
  const length = Math.sqrt(sum);
  return length > 0 ? vector.map((value) => value / length) : vector;
}

/**
 * @param dimensions how many of the first numbers are wanted: what is left is brought to length 1 again, where whole vectors are
 */
export function finishVector(
  vector: Float32Array,
  { normalizes, dimensions }: { normalizes: boolean; dimensions?: number | undefined },
): Float32Array {
  const wanted = dimensions === undefined ? vector : vector.slice(0, dimensions);
  return normalizes ? normalised(wanted) : wanted;
}

/** A score between 0 and 1. */
export function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

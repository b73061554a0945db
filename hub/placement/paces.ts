/** How fast workers are against each other, where that was measured. */

/** Measured times of equal devices differ by less than this factor, when other programs run beside them. */
const noise = 2;

/**
 * Time for each byte of weights that a step reads, in proportion. Who was not measured counts as the middle of those who
 * were, and so does who differs from it by no more than noise.
 * @param measured milliseconds for each byte, undefined where nothing was measured
 */
export function relativePaces(measured: readonly (number | undefined)[]): number[] {
  const known = measured.filter((pace) => pace !== undefined).sort((one, other) => one - other);
  const middle = known[Math.floor((known.length - 1) / 2)];
  if (middle === undefined || !(middle > 0)) return measured.map(() => 1);
  return measured.map((pace) => {
    const relative = (pace ?? middle) / middle;
    return relative > noise || relative < 1 / noise ? relative : 1;
  });
}

/** Median; NaN of nothing. */
export function median(values: number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}

/** Median of the differences of rising times. */
export function medianStep(times: number[]): number {
  return median(times.slice(1).map((time, index) => time - (times[index] ?? Number.NaN)));
}

/** How fast workers are against each other, as far as a choice between them may depend on it. */
import { lowerMedian } from './lowerMedian.ts';

/** Measured times of equal devices differ by less than this factor, when other programs run beside them. */
const noise = 2;

/**
 * A device whose time differs from the middle by no more than noise counts as the middle, so that a choice between
 * equals does not change with the weather.
 * @param times what the same work takes at each device, in any unit
 * @returns the same times, without what may be noise
 */
export function withoutNoise(times: readonly number[]): number[] {
  const middle = lowerMedian(times);
  if (middle === undefined || !(middle > 0)) return times.map(() => 1);
  return times.map((time) => {
    const relative = time / middle;
    return relative > noise || relative < 1 / noise ? time : middle;
  });
}

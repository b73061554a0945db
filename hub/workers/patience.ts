/** How long a worker that was asked for a sign of life may take. Pure. */
import { lowerMedian } from '../placement/lowerMedian.ts';

/** Where losing the worker costs much, or nothing can be said of how busy all are. */
export const longestPatienceMs = 2_300;
/** Others stand by, and answered at once: an answer that runs through the worker then stands still for less than two seconds. */
export const shortestPatienceMs = 1_000;
/** On a busy machine the next sign of life may take this many times as long as the slowest one before. */
const slack = 1.25;

export interface Asked {
  /** Whether others hold all that the worker serves, and gave a sign of life since it was asked. */
  isReplaceable: boolean;
  /** Longest time that the worker took lately, in milliseconds; 0 where that is not known. */
  slowestMs: number;
  /** What other workers took lately, or have taken until now without an answer, in milliseconds. */
  others: readonly number[];
}

/** @returns in milliseconds */
export function patienceMs({ isReplaceable, slowestMs, others }: Asked): number {
  if (!isReplaceable) return longestPatienceMs;
  // The lower one of two in the middle: others may be gone, too.
  const usual = lowerMedian(others) ?? 0;
  const busy = slack * Math.max(slowestMs, usual);
  return Math.min(longestPatienceMs, Math.max(shortestPatienceMs, busy));
}

/** How long a token's tensors take from one worker to the next. */
import type { GridLink } from '../gridView.ts';
import type { Estimate } from './stepTime.ts';

export interface HopEstimate extends Estimate {
  relayed: boolean;
}

/**
 * Writing a frame, reading it, and waking two processes up. Measured between Node workers of one machine: a token's time
 * less its stages', 0.5 to 0.6 ms a hop, less half of a round trip of 0.5 ms.
 */
const handlingMs = 0.3;
/** A link in a home's wireless network, for those that were not measured. */
const usualLink = { roundTripMs: 4, bytesPerSecond: 10e6 };
/** Through the hub it is two such links. */
const usualRelay = { roundTripMs: 8, bytesPerSecond: 5e6 };

/** @param link undefined where the two never had one */
export function hopTime(link: GridLink | undefined, bytes: number): HopEstimate {
  const known = link?.state === 'direct' || link?.state === 'relayed' ? link : undefined;
  const relayed = known?.state === 'relayed';
  const usual = relayed ? usualRelay : usualLink;
  const roundTripMs = known?.roundTripMs ?? usual.roundTripMs;
  const bytesPerSecond = Math.max(1, known?.bytesPerSecond ?? usual.bytesPerSecond);
  const milliseconds = handlingMs + roundTripMs / 2 + (1000 * bytes) / bytesPerSecond;
  // Of a few kilobytes the round trip is nearly all.
  if (known?.roundTripMs === undefined) {
    const kind = relayed ? 'a way through the hub' : 'a usual link';
    const explanation = `${kind} has a round trip of ${usual.roundTripMs} ms`;
    return { milliseconds, relayed, basis: 'estimated', explanation };
  }
  const way = relayed ? 'through the hub' : 'direct';
  return {
    milliseconds,
    relayed,
    basis: 'measured',
    explanation: `${way}, round trip ${roundTripMs.toFixed(1)} ms`,
  };
}

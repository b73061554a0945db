/** How long a token's tensors take from one worker to the next. */
import { hubText } from '@potluck/api/hub-texts';
import type { WorkerId } from '@potluck/protocol';
import { linkBetween, type GridLink, type GridView } from '../gridView.ts';
import type { WaySample } from './samples.ts';
import type { Estimate } from './stepTime.ts';
import { typicalOf } from './typicalOf.ts';

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

/**
 * Milliseconds from one worker to the next.
 * @param link undefined where the two never had one
 */
export function hopMs(link: GridLink | undefined, bytes: number): number {
  const { roundTripMs, bytesPerSecond } = linkNumbers(link);
  return handlingMs + roundTripMs / 2 + (1000 * bytes) / bytesPerSecond;
}

/**
 * The same with where it comes from: what it took in answers, where that is known.
 * @param ways samples of this way, last measured first; those of the other kind of path don't count
 */
export function hopTime(
  link: GridLink | undefined,
  bytes: number,
  ways: readonly Pick<WaySample, 'relayed' | 'milliseconds'>[] = [],
): HopEstimate {
  const { roundTripMs, relayed } = linkNumbers(link);
  const taken = typicalOf(
    ways.filter((one) => one.relayed === relayed),
    { value: ({ milliseconds }) => milliseconds, distance: () => 0 },
  );
  if (taken !== undefined) {
    const explanation = hubText(relayed ? 'relayed-in-answers' : 'direct-in-answers', {});
    return { milliseconds: taken, relayed, basis: 'measured', explanation };
  }
  const estimate = { milliseconds: hopMs(link, bytes), relayed };
  // Of a few kilobytes the round trip is nearly all.
  if (!isKnown(link) || link.roundTripMs === undefined) {
    const usual = hubText(relayed ? 'usual-relay' : 'usual-link', { milliseconds: roundTripMs });
    return { ...estimate, basis: 'estimated', explanation: usual };
  }
  const explanation = hubText(relayed ? 'relayed-round-trip' : 'direct-round-trip', {
    milliseconds: roundTripMs.toFixed(1),
  });
  return { ...estimate, basis: 'measured', explanation };
}

/** Milliseconds from one worker of a grid to another; 0 from one to itself. */
export function wayMs(grid: GridView, from: WorkerId, to: WorkerId, bytes: number): number {
  return from === to ? 0 : hopMs(linkBetween(grid, from, to), bytes);
}

function linkNumbers(link: GridLink | undefined): {
  roundTripMs: number;
  bytesPerSecond: number;
  relayed: boolean;
} {
  const known = isKnown(link) ? link : undefined;
  const relayed = known?.state === 'relayed';
  const usual = relayed ? usualRelay : usualLink;
  return {
    roundTripMs: known?.roundTripMs ?? usual.roundTripMs,
    bytesPerSecond: Math.max(1, known?.bytesPerSecond ?? usual.bytesPerSecond),
    relayed,
  };
}

const isKnown = (link: GridLink | undefined): link is GridLink =>
  link?.state === 'direct' || link?.state === 'relayed';

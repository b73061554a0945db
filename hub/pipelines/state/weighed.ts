/** What is remembered of the question whether a pipeline would be faster elsewhere. Times are those of a `Clock`. */
import type { WorkerId } from '@potluck/protocol';
import type { StageAt } from '../../placement/layerRange.ts';

export interface Weighed {
  /** Not before. */
  againAt: number;
  /** Nor while both are the same, and nothing is hoped for: the grid's capacity and how many tokens it had answered with. */
  capacity?: object;
  tokens?: number;
  /** How often it moved because of it; fewer again where that paid a lot, and once it has stayed for long. */
  moves: number;
  /** How many moves in a row did not pay. */
  broken?: number;
  /** The last move was clearly to the worse: it may go back soon. */
  isWorse?: boolean;
  /** Since when `moves` is so many. */
  since: number;
  /** How often workers loaded its stages because of it since it last moved. */
  tries?: number;
  /** True where others took the stages of a lost device, whoever was soonest: until it moves, it is asked sooner. */
  isRepaired?: boolean;
  /** It seems to be faster elsewhere: is that so for longer than a moment? */
  hope?: Hope;
  /** What was promised of where it is now, until answers have shown what it is. */
  promise?: MovePromise & { since?: number };
}

/** Where it seems to be faster, since when, and how many tokens it had answered with. */
export interface Hope {
  since: number;
  tokens: number;
  target: readonly StageAt[];
  /** See `PromiseQuestion`. */
  isBold: boolean;
}

/** What a token took, and what it was to take with these workers, in order; in milliseconds. */
export interface MovePromise {
  beforeMs: number;
  promisedMs: number;
  workers: readonly WorkerId[];
}

/** What a move was worth. `didPay`: at least half of what was promised has come. Times of a token are in milliseconds. */
export interface MoveOutcome extends Omit<MovePromise, 'workers'> {
  measuredMs: number;
  didPay: boolean;
}

const minuteMs = 60_000;
/** A pipeline stays where it is for so long before it is asked whether it would be faster elsewhere. */
const leastCalmMs = minuteMs;
/** The same once others took the stages of a lost device, which may be back in a moment. */
const leastRepairedMs = 5000;
const mostCalmMs = 360 * minuteMs;
/** After so many times as long, one move less is remembered. */
const forgottenAfter = 8;
/** Answers have so long to show what a move was worth; where nobody asks, nobody knows. */
const judgedWithinMs = 30 * minuteMs;
/** What seems to be faster is looked at again after so long, and believed once it has been so for long enough. */
const lookMs = { cautious: 20_000, bold: minuteMs };
const believedAfterMs = { cautious: minuteMs, bold: 10 * minuteMs, back: 2 * minuteMs };
/** A token that takes so many times less than before the move: that is no noise. */
const clearlyBetter = 2;
/** So many times more; after two moves, which may both have been noise. */
const clearlyWorse = { once: 1.5, often: 3 };
/** After each move that did not pay, the next one must promise so many times more, for some moves. */
const barOfBroken = 1.5;
const mostBroken = 2;

/** Twice as long so many times. */
const doubled = (leastMs: number, times: number, mostMs = mostCalmMs): number =>
  Math.min(mostMs, leastMs * 2 ** times);

/**
 * So that measurements that come and go do not move it for ever: after the second move it stays for an hour, then for twice as
 * long each time. Moves after which answers are clearly faster do not count.
 */
function calmMs(moves: number): number {
  if (moves < 2) return moves < 1 ? leastCalmMs : 5 * minuteMs;
  return doubled(60 * minuteMs, moves - 2);
}

/** What workers loaded and then did not do better with costs nobody an answer: a minute, then twice as long each time. */
const tryMs = (tries: number): number => doubled(leastCalmMs, tries);

/**
 * It serves from now on.
 * @param workers in the order of its stages
 * @param isRepaired true where others took the stages of a lost device
 */
export function servesSince(
  at: number,
  before: Weighed | undefined,
  { workers, isRepaired }: { workers: readonly WorkerId[]; isRepaired: boolean },
): Weighed {
  const { moves = 0, since = at, tries = 0, broken = 0, promise } = before ?? {};
  const kept = { moves, since, tries, broken };
  if (isRepaired) {
    return { ...kept, isRepaired, againAt: at + doubled(leastRepairedMs, moves) };
  }
  // The move that was promised has come to pass.
  if (promise?.since === undefined && promise?.workers.join() === workers.join()) {
    return { ...kept, againAt: at + judgedWithinMs, promise: { ...promise, since: at } };
  }
  return { ...kept, againAt: at + Math.max(calmMs(moves), tryMs(tries)) };
}

/**
 * It was asked.
 * @param hope where it may be faster, if that lasts
 * @param pauseMs how long it is not asked again at least
 */
export function weighedAt(
  at: number,
  { moves, since, tries = 0, broken = 0, isRepaired = false, isWorse = false }: Weighed,
  {
    isMoving,
    pauseMs,
    hope,
    ...of
  }: Pick<Weighed, 'capacity' | 'tokens' | 'hope'> & { isMoving: boolean; pauseMs: number },
): Weighed {
  const isForgotten = moves > 0 && at - since > forgottenAfter * calmMs(moves);
  const remembered = isForgotten
    ? { moves: moves - 1, since: at, broken: Math.max(0, broken - 1) }
    : { moves, since, broken };
  const isAskedSoon = isRepaired && !isMoving;
  const next = {
    ...of,
    ...remembered,
    ...(isAskedSoon ? { isRepaired } : {}),
    ...(isWorse ? { isWorse } : {}),
  };
  if (hope && !isMoving) {
    return { ...next, tries, hope, againAt: at + lookMs[hope.isBold ? 'bold' : 'cautious'] };
  }
  const leastMs = isAskedSoon ? doubled(leastRepairedMs, moves, leastCalmMs) : leastCalmMs;
  const calm = isMoving ? Math.max(tryMs(tries + 1), calmMs(moves)) : 0;
  return { ...next, tries: tries + (isMoving ? 1 : 0), againAt: at + Math.max(leastMs, pauseMs, calm) };
}

/** True where what is hoped for has lasted for long enough; where the promise is bold, also over answers. */
export function isBelieved(
  { since, tokens, isBold }: Hope,
  { isWorse = false }: Weighed,
  now: { at: number; tokens: number },
): boolean {
  const lasted = now.at - since;
  if (!isBold) return lasted >= believedAfterMs.cautious;
  return lasted >= believedAfterMs[isWorse ? 'back' : 'bold'] && now.tokens > tokens;
}

/** How many times as good as otherwise a promise must be. */
export function barOf({ broken = 0, isWorse = false, isRepaired = false }: Weighed): number {
  return isWorse || isRepaired ? 1 : barOfBroken ** Math.min(mostBroken, broken);
}

/** It goes elsewhere to be faster. */
export function movedAt(at: number, { moves, broken = 0 }: Weighed, promise: MovePromise): Weighed {
  return { moves: moves + 1, since: at, againAt: at, broken, promise };
}

/** What a move was worth, by what a token takes since then. */
export function outcomeOf({ beforeMs, promisedMs }: MovePromise, measuredMs: number): MoveOutcome {
  const didPay = beforeMs - measuredMs >= (beforeMs - promisedMs) / 2;
  return { beforeMs, promisedMs, measuredMs, didPay };
}

/** Answers have shown what the last move was worth; where it is clearly worse off, it may go back at once. */
export function judged(
  { promise: _, moves, since, broken = 0, ...weighed }: Weighed,
  { beforeMs, measuredMs, didPay }: MoveOutcome,
  at: number,
): Weighed {
  const counted = measuredMs * clearlyBetter <= beforeMs ? Math.max(0, moves - 1) : moves;
  const isWorse = measuredMs >= clearlyWorse[moves > 1 ? 'often' : 'once'] * beforeMs;
  return {
    ...weighed,
    ...{ moves: counted, since, broken: didPay ? 0 : broken + 1 },
    ...(isWorse ? { isWorse, againAt: at } : { againAt: Math.max(at, since + calmMs(counted)) }),
  };
}

/** All times on a clock that jumped, but since when a promise runs: the samples that it is compared with keep their times, too. */
export function shiftedWeighed(weighed: Weighed, byMs: number): Weighed {
  const { hope } = weighed;
  return {
    ...weighed,
    ...(hope ? { hope: { ...hope, since: hope.since + byMs } } : {}),
    againAt: weighed.againAt + byMs,
    since: weighed.since + byMs,
  };
}

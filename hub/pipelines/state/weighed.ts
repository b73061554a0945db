/** What is remembered of the question whether a pipeline would be faster elsewhere. Times are those of a `Clock`. */
export interface Weighed {
  /** Not before. */
  againAt: number;
  /** Nor while both are the same: the grid's capacity and how many tokens it had answered with. */
  capacity?: object;
  tokens?: number;
  /** How often it moved because of it, or tried to; fewer again once it has stayed for long. */
  moves: number;
  /** Since when `moves` is so many. */
  since: number;
  /** True where others took the stages of a lost device, whoever was soonest: until it moves, it is asked sooner. */
  isRepaired?: boolean;
}

/** A pipeline stays where it is for so long before it is asked whether it would be faster elsewhere. */
const leastCalmMs = 60_000;
/** The same once others took the stages of a lost device, which may be back in a moment. */
const leastRepairedMs = 5000;
const mostCalmMs = 6 * 3_600_000;
/** After so many times as long, one move less is remembered. */
const forgottenAfter = 8;

/** Twice as long with each move, so that measurements that come and go do not move it for ever. */
const calmMs = (moves: number, leastMs = leastCalmMs): number => Math.min(mostCalmMs, leastMs * 2 ** moves);

/** It serves from now on. @param isRepaired true where others took the stages of a lost device */
export function servesSince(at: number, before: Weighed | undefined, isRepaired = false): Weighed {
  const { moves = 0, since = at } = before ?? {};
  if (!isRepaired) return { moves, since, againAt: at + calmMs(moves) };
  return { moves, since, againAt: at + calmMs(moves, leastRepairedMs), isRepaired };
}

/**
 * It was asked.
 * @param pauseMs how long it is not asked again at least
 */
export function weighedAt(
  at: number,
  { moves, since, isRepaired = false }: Weighed,
  { isMoving, pauseMs, ...of }: Pick<Weighed, 'capacity' | 'tokens'> & { isMoving: boolean; pauseMs: number },
): Weighed {
  const isForgotten = moves > 0 && at - since > forgottenAfter * calmMs(moves);
  const next = isMoving ? moves + 1 : isForgotten ? moves - 1 : moves;
  const leastMs = isRepaired && !isMoving ? calmMs(moves, leastRepairedMs) : leastCalmMs;
  const againAt = at + Math.max(Math.min(leastMs, leastCalmMs), pauseMs, isMoving ? calmMs(next) : 0);
  const kept = isRepaired && !isMoving ? { isRepaired } : {};
  return { ...of, ...kept, againAt, moves: next, since: next === moves ? since : at };
}

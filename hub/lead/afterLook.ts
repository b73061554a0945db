/** What a hub that leads makes of what Redis and the database say. */

/** What was found out at one look. */
export interface Look {
  /** Whether the lease is this hub's; undefined where Redis does not answer. */
  isHeld: boolean | undefined;
  /** The highest epoch in the database, looked up only where Redis does not answer; undefined where that fails, too. */
  highestEpoch?: number | undefined;
  /** True where this hub only starts to lead, so that it could not ask the database yet. */
  isStarting?: boolean;
}

export interface LookedAt {
  epoch: number;
  /** True where the last good look is so long ago that another hub may lead by now. */
  isOver: boolean;
}

/**
 * - `confirmed`: this hub leads, as far as anybody knows.
 * - `unknown`: neither Redis nor the database answers, and the lease still runs.
 * - otherwise why it leads no more.
 *
 * Nobody takes over without Redis, and whoever does writes a higher epoch into the database before anything else: a hub
 * that still finds its own there goes on.
 */
export function afterLook(
  { isHeld, highestEpoch, isStarting }: Look,
  { epoch, isOver }: LookedAt,
): 'confirmed' | 'unknown' | { lost: string } {
  if (isHeld === true) return 'confirmed';
  if (isHeld === false) return { lost: 'another hub leads now' };
  if (highestEpoch !== undefined && highestEpoch > epoch)
    return { lost: 'another hub leads now, as the database says' };
  if (highestEpoch !== undefined) return 'confirmed';
  if (!isOver) return 'unknown';
  const silent = isStarting ? 'Redis did not answer in time' : 'neither Redis nor the database answers';
  return { lost: `${silent}, so another hub may lead` };
}

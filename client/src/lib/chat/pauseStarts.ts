/**
 * Since when answers stand still. This outlives the parts of the page that show it, and what the page knows of the hub: a hub that
 * is started again says of an answer that stands still only that it goes on.
 */

const starts = new Map<string, number>();

/**
 * An answer stands still.
 * @param forMs for how long, as the hub says it; 0 where it does not
 * @param now by `performance.now()`
 * @returns since when, likewise
 */
export function pauseStart(requestId: string, forMs: number, now: number): number {
  const start = Math.min(starts.get(requestId) ?? Infinity, now - forMs);
  starts.set(requestId, start);
  return start;
}

/** The answer goes on, or is over. */
export function pauseIsOver(requestId: string): void {
  starts.delete(requestId);
}

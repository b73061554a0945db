/** Which replica answers a request soonest. */

/** What is known of a replica that serves. */
export interface ReplicaLoad {
  /** Answers that run through it. */
  running: number;
  /** Requests that wait for cache room. */
  waiting: number;
  /** What the answer takes by itself, as predicted, without what a cache holds of its prompt, in milliseconds. */
  answerMs: number;
  /** True where the request would have cache room at once. */
  hasRoom: boolean;
}

/**
 * The replica at which one more answer takes least, since all that run through it take turns; those with cache
 * room come before those at which the request would wait.
 * @returns undefined of none
 */
export function shortestWait<T extends ReplicaLoad>(replicas: readonly T[]): T | undefined {
  const takenMs = (one: T): number => (one.running + one.waiting + 1) * one.answerMs;
  return replicas.toSorted(
    (one, other) => Number(other.hasRoom) - Number(one.hasRoom) || takenMs(one) - takenMs(other),
  )[0];
}

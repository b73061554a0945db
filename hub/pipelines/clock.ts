/** Time as the hub's decisions see it: a port, so that tests and the simulator turn the clock themselves. */

export interface Clock {
  /** Milliseconds; only goes forward, from any beginning. */
  now(): number;
  /** Calls back once, after so many milliseconds. @returns a function that calls it off */
  after(milliseconds: number, callback: () => void): () => void;
}

/** Longest delay that Node's timers keep; longer ones would end at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The machine's own clock: does not jump when somebody sets the time of day. */
export const monotonicClock: Clock = {
  now: () => performance.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, Math.min(milliseconds, longestTimerMs));
    return () => clearTimeout(timer);
  },
};

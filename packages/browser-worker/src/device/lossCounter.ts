/** Losses further apart than this are no sign of a bad device: browsers give devices up when the machine sleeps. */
const forgivenAfterMs = 10 * 60_000;

export interface LossCounter {
  /** Counts one more. @returns how many there were, one soon after the other */
  add(): number;
  reset(): void;
}

/** Counts how often a device was lost. */
export function lossCounter(now: () => number = () => performance.now()): LossCounter {
  let losses = 0;
  let lastAt = 0;
  return {
    add() {
      if (now() - lastAt > forgivenAfterMs) losses = 0;
      lastAt = now();
      return ++losses;
    },
    reset: () => void (losses = 0),
  };
}

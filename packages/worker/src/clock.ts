import { unref } from './unref.ts';

/** Unix time in milliseconds with fraction: what frames carry as `sentAt`. */
export const unixMs = (): number => performance.timeOrigin + performance.now();

/** Time as long waits see it: a port, so that tests turn the clock themselves. */
export interface Clock {
  /** Calls back once, after so many milliseconds. @returns a function that calls it off */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The machine's own; what waits does not keep a process from ending. */
export const machineClock: Clock = {
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    unref(timer);
    return () => clearTimeout(timer);
  },
};

/** @throws the signal's reason, as soon as it is aborted */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    }
  });
}

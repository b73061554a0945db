/** Waits for one thing after the other, as long as something goes on, with a single timer: a timer for each token would cost as much as the token. */

export interface ProgressWatchInit {
  /** Longest time without progress, in milliseconds; asked at the beginning of each wait, and when the time seems to be over. */
  stillMs: () => number;
  /** When something last went on, by `performance.now()`; asked likewise. */
  lastProgress: () => number;
}

export class ProgressWatch {
  readonly #init: ProgressWatchInit;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer looks, by `performance.now()`. It stays from one wait to the next, and may look too early. */
  #looksAt = 0;
  #waiting: { since: number; end: () => void } | undefined;

  constructor(init: ProgressWatchInit) {
    this.#init = init;
  }

  /**
   * One wait at a time.
   * @throws what `onStill` returns, where nothing went on for so long
   */
  wait<T>(promise: Promise<T>, onStill: () => Error): Promise<T> {
    const since = performance.now();
    const leftMs = this.#leftMs(since);
    // Time that got shorter since the timer was set must not end late.
    if (!this.#timer || since + leftMs < this.#looksAt) this.#lookAfter(leftMs);
    // Not Promise.race: it costs several times as much, for each token.
    return new Promise((resolve, reject) => {
      const waiting = { since, end: () => settle(() => reject(onStill())) };
      const settle = (how: () => void): void => {
        if (this.#waiting === waiting) this.#waiting = undefined;
        how();
      };
      this.#waiting = waiting;
      promise.then(
        (value) => settle(() => resolve(value)),
        (error: Error) => settle(() => reject(error)),
      );
    });
  }

  /** Called when nothing is waited for any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #leftMs(since: number): number {
    const { lastProgress, stillMs } = this.#init;
    return Math.max(since, lastProgress()) + stillMs() - performance.now();
  }

  #lookAfter(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#looksAt = performance.now() + milliseconds;
    this.#timer = setTimeout(() => this.#look(), milliseconds);
  }

  #look(): void {
    this.#timer = undefined;
    if (!this.#waiting) return;
    const leftMs = this.#leftMs(this.#waiting.since);
    if (leftMs > 0) this.#lookAfter(leftMs);
    else this.#waiting.end();
  }
}

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
  async wait<T>(promise: Promise<T>, onStill: () => Error): Promise<T> {
    const still = Promise.withResolvers<never>();
    this.#waiting = { since: performance.now(), end: () => still.reject(onStill()) };
    const leftMs = this.#leftMs(this.#waiting.since);
    // Time that got shorter since the timer was set must not end late.
    if (!this.#timer || performance.now() + leftMs < this.#looksAt) this.#lookAfter(leftMs);
    try {
      return await Promise.race([promise, still.promise]);
    } finally {
      this.#waiting = undefined;
    }
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

/** Waits for one thing after the other, as long as something goes on, with a single timer: a timer for each token would cost as much as the token. */

export interface ProgressWatchInit {
  /** Longest time without progress, in milliseconds; asked at the beginning of each wait, and when the time seems to be over. */
  stillMs: () => number;
  /** When something last went on, by `performance.now()`; asked when the time seems to be over. */
  lastProgress: () => number;
  /** Called once in a wait, when nothing went on for so long. */
  onStill: () => void;
}

export class ProgressWatch {
  readonly #init: ProgressWatchInit;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer looks, by `performance.now()`. It stays from one wait to the next, and may look too early. */
  #looksAt = 0;
  /** When the wait began; undefined while nothing is waited for. */
  #since: number | undefined;

  constructor(init: ProgressWatchInit) {
    this.#init = init;
  }

  /** Something is waited for from now on. One wait at a time. */
  begin(): void {
    const since = performance.now();
    const stillMs = this.#init.stillMs();
    this.#since = since;
    // Time that got shorter since the timer was set must not end late.
    if (!this.#timer || since + stillMs < this.#looksAt) this.#lookAfter(stillMs);
  }

  /** What was waited for has come. */
  rest(): void {
    this.#since = undefined;
  }

  /** Called when nothing is waited for any more. */
  stop(): void {
    this.#since = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #lookAfter(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#looksAt = performance.now() + milliseconds;
    this.#timer = setTimeout(() => this.#look(), milliseconds);
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#since === undefined) return;
    const { lastProgress, stillMs, onStill } = this.#init;
    const leftMs = Math.max(this.#since, lastProgress()) + stillMs() - performance.now();
    if (leftMs > 0) this.#lookAfter(leftMs);
    else {
      this.#since = undefined;
      onStill();
    }
  }
}

/** A pipeline's move to workers that have loaded its stages already: requests wait for it, since it takes only a moment. */

/** How long a move waits for a moment without answers before new ones wait for it. */
export const movePatienceMs = 30_000;

export class Move {
  readonly #patienceMs: number;
  #waiting: PromiseWithResolvers<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Resolves when the move is over, or will not be; undefined where nobody is to wait. */
  get over(): Promise<void> | undefined {
    return this.#waiting?.promise;
  }

  /** From now on requests wait. */
  begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting ??= Promise.withResolvers();
  }

  /** Begins when answers that overlap have left no moment for it for a while. @param onBegun called then */
  beginLater(onBegun: () => void): void {
    if (this.#waiting) return;
    this.#timer ??= setTimeout(() => {
      this.begin();
      onBegun();
    }, this.#patienceMs);
  }

  /** Whoever waited looks again. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}

/** Counts requests that wait for a hub that leads: only so many may. */

const mostWaiting = 2000;

export class Waiting {
  readonly #most: number;
  #count = 0;

  constructor(most = mostWaiting) {
    this.#most = most;
  }

  get count(): number {
    return this.#count;
  }

  /** @returns what ends the waiting; undefined where too many wait */
  enter(): (() => void) | undefined {
    if (this.#count >= this.#most) return undefined;
    this.#count++;
    let isOver = false;
    return () => {
      if (!isOver) this.#count--;
      isOver = true;
    };
  }
}

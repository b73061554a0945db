/** When workers, and pipelines as a whole, last went on with any answer. Deadlines look at this and not at the clock alone. */

export class ProgressBook {
  readonly #at = new Map<string, number>();

  /** @param id of a worker that did something, or of a pipeline whose last stage did @param now by `performance.now()` */
  made(id: string, now = performance.now()): void {
    this.#at.set(id, now);
  }

  /** @returns when, by `performance.now()`; -Infinity where nothing is known */
  last(id: string): number {
    return this.#at.get(id) ?? -Infinity;
  }

  /** Called when it is gone. */
  forget(id: string): void {
    this.#at.delete(id);
  }
}

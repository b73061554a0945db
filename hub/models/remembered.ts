/** Results by key, made once for all who ask: those that were asked for last are remembered, and none that failed. */
export class Remembered<T> {
  readonly #most: number;
  /** Longest unused first. */
  readonly #results = new Map<string, Promise<T>>();

  /** @param most results that are remembered */
  constructor(most: number) {
    this.#most = most;
  }

  /** @param make called where nothing is known of the key, and nobody makes it */
  get(key: string, make: () => Promise<T>): Promise<T> {
    const result = this.#results.get(key) ?? make();
    this.#results.delete(key);
    this.#results.set(key, result);
    result.catch(() => {
      if (this.#results.get(key) === result) this.#results.delete(key);
    });
    for (const oldest of this.#results.keys()) {
      if (this.#results.size <= this.#most) break;
      this.#results.delete(oldest);
    }
    return result;
  }
}

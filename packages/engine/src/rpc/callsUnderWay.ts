/** Calls to another thread, which all fail when the thread is gone. */
export class CallsUnderWay {
  readonly #failing = new Set<(reason: unknown) => void>();
  readonly #onError: (error: unknown) => void;

  /** @param onError told what the other thread answered, where that is an error */
  constructor(onError: (error: unknown) => void = () => undefined) {
    this.#onError = onError;
  }

  get size(): number {
    return this.#failing.size;
  }

  /**
   * A call's result, or why the other thread is gone. No race with one promise of its loss: that would keep every result for
   * as long as the thread lives, and the tensors in it.
   */
  async run<Result>(begin: () => Promise<Result>): Promise<Result> {
    const result = Promise.withResolvers<Result>();
    this.#failing.add(result.reject);
    begin().then(result.resolve, (error: unknown) => {
      result.reject(error);
      this.#onError(error);
    });
    try {
      return await result.promise;
    } finally {
      this.#failing.delete(result.reject);
    }
  }

  fail(reason: unknown): void {
    for (const fail of this.#failing) fail(reason);
  }
}

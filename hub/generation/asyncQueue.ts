/** Values put in by one side and awaited by the other, in order. */
export class AsyncQueue<T> {
  readonly #values: T[] = [];
  #waiting: PromiseWithResolvers<T> | undefined;
  #error: Error | undefined;

  /** Adds a value; ignored after `fail`. */
  push(value: T): void {
    if (this.#error) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting.resolve(value);
    else this.#values.push(value);
  }

  /** Ends the queue: values that are already in it can still be taken. The first error stays. */
  fail(error: Error): void {
    this.#error ??= error;
    this.#waiting?.reject(this.#error);
    this.#waiting = undefined;
  }

  /** True while somebody waits for the next value. */
  get isAwaited(): boolean {
    return this.#waiting !== undefined;
  }

  /**
   * Takes the next value. One taker at a time.
   * @throws the error that ended the queue
   */
  take(): Promise<T> {
    if (this.#values.length > 0) return Promise.resolve(this.#values.shift() as T);
    if (this.#error) return Promise.reject(this.#error);
    this.#waiting = Promise.withResolvers<T>();
    return this.#waiting.promise;
  }
}

/** When an answer was prepared, admitted, and came, in milliseconds since its request. */
export class GenerationTimes {
  readonly #arrivedAt: number;
  readonly #askedAt: number;
  readonly #isBegun: boolean;
  #queueMs: number | null = null;
  #firstTokenMs: number | null = null;
  #lastTokenMs: number | null = null;

  /**
   * @param arrivedAt when the request came, by `performance.now()`
   * @param isBegun true where a former run of the hub began it: that run knew when it was admitted and its first token came
   */
  constructor(arrivedAt: number, isBegun: boolean) {
    this.#arrivedAt = arrivedAt;
    this.#askedAt = isBegun ? arrivedAt : performance.now();
    this.#isBegun = isBegun;
  }

  /** There is room for it; the first time counts. */
  admitted(): void {
    if (!this.#isBegun) this.#queueMs ??= performance.now() - this.#askedAt;
  }

  tokenCame(): void {
    this.#lastTokenMs = performance.now() - this.#arrivedAt;
    if (!this.#isBegun) this.#firstTokenMs ??= this.#lastTokenMs;
  }

  /** Until it asked for room: its template and tokenizer ran. */
  get preparedMs(): number {
    return this.#askedAt - this.#arrivedAt;
  }

  /** How long it waited for room. */
  get queueMs(): number | null {
    return this.#queueMs;
  }

  get firstTokenMs(): number | null {
    return this.#firstTokenMs;
  }

  get lastTokenMs(): number | null {
    return this.#lastTokenMs;
  }

  /** When its last token came, by `performance.now()`. */
  get lastTokenAt(): number | undefined {
    return this.#lastTokenMs === null ? undefined : this.#arrivedAt + this.#lastTokenMs;
  }

  /** Until now. */
  get totalMs(): number {
    return performance.now() - this.#arrivedAt;
  }

  /** Tokens after the first, by the time that they took; null with fewer than two, and where a former run had some. */
  tokensPerSecond(tokens: number): number | null {
    if (this.#isBegun) return null;
    const milliseconds = (this.#lastTokenMs ?? 0) - (this.#firstTokenMs ?? 0);
    return tokens > 1 && milliseconds > 0 ? (1000 * (tokens - 1)) / milliseconds : null;
  }
}

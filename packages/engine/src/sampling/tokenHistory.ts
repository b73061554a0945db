/** The tokens of one sequence with what penalties need to know of them, kept up to date a token at a time. */
export class TokenHistory {
  readonly #tokens: number[] = [];
  readonly #promptLength: number;
  readonly #window: number;
  /** How often each token is in the sequence, as far as it counts. */
  readonly #inSequence = new Map<number, number>();
  /** How often each token is in the answer, as far as it counts. */
  readonly #inAnswer = new Map<number, number>();

  /**
   * @param promptLength tokens before the answer starts
   * @param window how many of the last tokens count
   */
  constructor(tokens: readonly number[], promptLength: number, window = Infinity) {
    this.#promptLength = promptLength;
    this.#window = window;
    for (const token of tokens) this.append(token);
  }

  get length(): number {
    return this.#tokens.length;
  }

  get promptLength(): number {
    return this.#promptLength;
  }

  /** Distinct tokens of prompt and answer that count. */
  get distinct(): Iterable<number> {
    return this.#inSequence.keys();
  }

  /** Distinct tokens of the answer with how often each is in it. */
  get answerCounts(): Iterable<[token: number, times: number]> {
    return this.#inAnswer;
  }

  append(token: number): void {
    this.#tokens.push(token);
    this.#count(this.#tokens.length - 1, 1);
    this.#count(this.#tokens.length - 1 - this.#window, -1);
  }

  /** Forgets all tokens from `length` on; keeps everything where there are no more than that. */
  truncate(length: number): void {
    while (this.#tokens.length > length) {
      this.#count(this.#tokens.length - 1 - this.#window, 1);
      this.#count(this.#tokens.length - 1, -1);
      this.#tokens.pop();
    }
  }

  /** The token at `place` counts from now on, or does not any more; nothing where there is none. */
  #count(place: number, difference: 1 | -1): void {
    const token = this.#tokens[place];
    if (token === undefined) return;
    add(this.#inSequence, token, difference);
    if (place >= this.#promptLength) add(this.#inAnswer, token, difference);
  }
}

function add(counts: Map<number, number>, token: number, difference: 1 | -1): void {
  const count = (counts.get(token) ?? 0) + difference;
  if (count === 0) counts.delete(token);
  else counts.set(token, count);
}

/** The tokens of one sequence with what penalties need to know of them, kept up to date a token at a time. */
export class TokenHistory {
  readonly #tokens: number[] = [];
  readonly #promptLength: number;
  /** How often each token is in the sequence. */
  readonly #inSequence = new Map<number, number>();
  /** How often each token is in the answer. */
  readonly #inAnswer = new Map<number, number>();

  /** @param promptLength tokens before the answer starts */
  constructor(tokens: readonly number[], promptLength: number) {
    this.#promptLength = promptLength;
    for (const token of tokens) this.append(token);
  }

  get length(): number {
    return this.#tokens.length;
  }

  get promptLength(): number {
    return this.#promptLength;
  }

  /** Distinct tokens of prompt and answer. */
  get distinct(): Iterable<number> {
    return this.#inSequence.keys();
  }

  /** Distinct tokens of the answer with how often each is in it. */
  get answerCounts(): Iterable<[token: number, times: number]> {
    return this.#inAnswer;
  }

  append(token: number): void {
    if (this.#tokens.length >= this.#promptLength) add(this.#inAnswer, token, 1);
    add(this.#inSequence, token, 1);
    this.#tokens.push(token);
  }

  /** Forgets all tokens from `length` on; keeps everything where there are no more than that. */
  truncate(length: number): void {
    while (this.#tokens.length > length) {
      const token = this.#tokens.pop();
      if (token === undefined) return;
      add(this.#inSequence, token, -1);
      if (this.#tokens.length >= this.#promptLength) add(this.#inAnswer, token, -1);
    }
  }
}

function add(counts: Map<number, number>, token: number, difference: 1 | -1): void {
  const count = (counts.get(token) ?? 0) + difference;
  if (count === 0) counts.delete(token);
  else counts.set(token, count);
}

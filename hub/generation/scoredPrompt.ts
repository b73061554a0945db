/** How likely the tokens of a prompt were, as the last stage tells it chunk by chunk. */
import type { TokenScore } from '@potluck/protocol';

export class ScoredPrompt {
  /** How many of the likeliest tokens are told in the place of each. */
  readonly alternatives: number;
  readonly #length: number;
  #scores: TokenScore[] = [];

  /** @param promptLength in tokens; the first one has no score */
  constructor(promptLength: number, alternatives: number) {
    this.#length = promptLength - 1;
    this.alternatives = alternatives;
  }

  /** Of the prompt's tokens from the second on. */
  get scores(): readonly TokenScore[] {
    return this.#scores;
  }

  get isComplete(): boolean {
    return this.#scores.length === this.#length;
  }

  /** A session computes the prompt from its beginning. */
  begin(): void {
    this.#scores = [];
  }

  /** @param position of the first of these tokens in the prompt @returns false where they are not what comes next */
  take(position: number, scores: readonly TokenScore[]): boolean {
    const isNext = position === this.#scores.length + 1 && position + scores.length <= this.#length + 1;
    if (isNext) this.#scores.push(...scores);
    return isNext;
  }
}

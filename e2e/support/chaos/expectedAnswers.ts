/**
 * What answers must be. Devices of one kind give the same tokens, whatever happens; those of two kinds round differently, so each
 * cut of the layers between kinds has an answer of its own.
 */

export interface ComparedAnswer {
  question: number;
  text: string;
  /** The kind of device of each layer at the end, in order. */
  kinds: string;
  /** True where a device of each kind may have had the same layer, one after the other. */
  crossed: boolean;
}

export class ExpectedAnswers {
  readonly #texts = new Map<string, string>();

  /** @returns what all answers to the question over such devices must be, where that is known */
  textOf({ question, kinds }: Pick<ComparedAnswer, 'question' | 'kinds'>): string | undefined {
    return this.#texts.get(`${question} ${kinds}`);
  }

  /**
   * The first answer on an undisturbed way is what all others on that way must be.
   * @returns `other` where the answer is none that it may be; `unknown` where nothing is to compare it with
   */
  compare(
    { question, text, kinds, crossed }: ComparedAnswer,
    isDisturbed: boolean,
  ): 'same' | 'other' | 'unknown' {
    const expected = this.textOf({ question, kinds });
    if (expected === text) return 'same';
    if (expected !== undefined && !crossed) return 'other';
    if (expected === undefined && !isDisturbed) {
      this.#texts.set(`${question} ${kinds}`, text);
      return 'same';
    }
    return 'unknown';
  }
}

/** @param route `worker[first-last],…` @returns one letter for each layer */
export function kindsOf(route: string, kindOf: (worker: string) => string | undefined): string {
  return [...route.matchAll(/([^,[]+)\[(\d+)-(\d+)\]/g)]
    .map(([, name = '', first, last]) => (kindOf(name)?.[0] ?? '?').repeat(Number(last) - Number(first) + 1))
    .join('');
}

/**
 * How many answers the pages of a browser may receive at once. A browser opens six connections to a hub over HTTP/1.1:
 * these and the event stream leave one for everything else, such as Stop.
 */
export const mostAnswersAtOnce = 4;

/** Answers that pages receive or wait for, in the order in which they were wanted. It lives in the shared worker. */
export class AnswerLimit<Page> {
  /** The page of each answer's id. */
  readonly #wanted = new Map<string, Page>();

  /**
   * Takes the ids of all answers that a page receives or waits for now.
   * @returns false where nothing changed
   */
  want(page: Page, answers: readonly string[]): boolean {
    const before = [...this.#wanted.keys()].join();
    for (const [id, wantedBy] of this.#wanted) {
      if (wantedBy === page && !answers.includes(id)) this.#wanted.delete(id);
    }
    for (const id of answers) if (!this.#wanted.has(id)) this.#wanted.set(id, page);
    return [...this.#wanted.keys()].join() !== before;
  }

  /** Ids of the answers that may come now. */
  get admitted(): string[] {
    return [...this.#wanted.keys()].slice(0, mostAnswersAtOnce);
  }
}

/**
 * Since when answers stand still. This outlives the parts of the page that show it, a reload, and what the page knows of the hub: a
 * hub that is started again says of an answer that stands still only that it goes on.
 */

const storageKey = 'potluck:pauses';
/** How many pauses are remembered; the ones that were heard of first are forgotten first. */
const mostRemembered = 50;

export class PauseStarts {
  readonly #storage: () => Pick<Storage, 'getItem' | 'setItem'>;
  readonly #starts: Map<string, number>;

  /** @param storage what outlives the page; throws where that is forbidden: then this lasts as long as the page */
  constructor(storage: () => Pick<Storage, 'getItem' | 'setItem'>) {
    this.#storage = storage;
    this.#starts = new Map(this.#remembered());
  }

  /**
   * An answer stands still.
   * @param forMs for how long, as the hub says it; 0 where it does not
   * @param now in Unix milliseconds
   * @returns since when, likewise
   */
  startOf(requestId: string, forMs: number, now: number): number {
    const before = this.#starts.get(requestId);
    const start = Math.min(before ?? Infinity, now - forMs);
    if (start === before) return start;
    this.#starts.set(requestId, start);
    const [oldest] = this.#starts.keys();
    if (this.#starts.size > mostRemembered && oldest !== undefined) this.#starts.delete(oldest);
    this.#remember();
    return start;
  }

  /** The answer goes on, or is over. */
  isOver(requestId: string): void {
    if (this.#starts.delete(requestId)) this.#remember();
  }

  #remembered(): [string, number][] {
    try {
      const kept: unknown = JSON.parse(this.#storage().getItem(storageKey) ?? '{}');
      return Object.entries(kept ?? {}).filter((one): one is [string, number] => Number.isFinite(one[1]));
    } catch {
      return [];
    }
  }

  #remember(): void {
    try {
      this.#storage().setItem(storageKey, JSON.stringify(Object.fromEntries(this.#starts)));
    } catch {
      // Nothing is kept here.
    }
  }
}

/** Of this tab. */
export const pauseStarts = new PauseStarts(() => sessionStorage);

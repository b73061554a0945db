/** Since when each thing is in its present state. */
export class StateClock {
  readonly #now: () => number;
  readonly #known = new Map<string, { state: string; since: number }>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @returns Unix milliseconds: of the first call with this state */
  since(id: string, state: string): number {
    const known = this.#known.get(id);
    if (known?.state === state) return known.since;
    const since = this.#now();
    this.#known.set(id, { state, since });
    return since;
  }

  /** It is gone. */
  forget(id: string): void {
    this.#known.delete(id);
  }
}

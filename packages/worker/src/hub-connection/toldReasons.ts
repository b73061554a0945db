/** Why a hub can't be reached: each reason is told once until the hub is back, such as another certificate at its address. */

/** Reasons that hold what changes, such as an address, could go on for ever. */
const mostTold = 10;

export class ToldReasons {
  readonly #told = new Set<string>();

  /** @returns whether this reason is new, and is to be told */
  add(reason: string): boolean {
    if (this.#told.has(reason) || this.#told.size >= mostTold) return false;
    this.#told.add(reason);
    return true;
  }

  /** The hub is back. */
  clear(): void {
    this.#told.clear();
  }
}

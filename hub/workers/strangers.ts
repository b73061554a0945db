/** Connections of those who have not shown a join token yet, counted by address: each costs memory, and anybody may open one. */

/** As many workers as may come back at once behind one address when a hub starts again. */
const mostOfOneAddress = 1000;

export class Strangers {
  readonly #most: number;
  readonly #counts = new Map<string, number>();

  constructor(most = mostOfOneAddress) {
    this.#most = most;
  }

  /** @returns what ends the counting of this one, however often it is called; undefined where the address has too many */
  enter(address: string): (() => void) | undefined {
    const count = this.#counts.get(address) ?? 0;
    if (count >= this.#most) return undefined;
    this.#counts.set(address, count + 1);
    let isCounted = true;
    return () => {
      if (!isCounted) return;
      isCounted = false;
      const left = (this.#counts.get(address) ?? 1) - 1;
      if (left === 0) this.#counts.delete(address);
      else this.#counts.set(address, left);
    };
  }
}

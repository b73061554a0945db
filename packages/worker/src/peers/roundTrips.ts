/** The round trip that a link is said to have: the middle one of the last few, told when it is another. */

/** One that met a busy processor says nothing about the link. */
const kept = 9;
/** A change that is worth telling. */
const worthTelling = 0.25;

export class RoundTrips {
  #last: number[] = [];
  #told: number | undefined;

  /** What was told last, in milliseconds. */
  get told(): number | undefined {
    return this.#told;
  }

  /** @returns true where `told` is another now */
  add(milliseconds: number): boolean {
    this.#last = [...this.#last, milliseconds].slice(-kept);
    const sorted = [...this.#last].sort((one, other) => one - other);
    const middle = sorted[Math.floor((sorted.length - 1) / 2)] ?? milliseconds;
    if (this.#told !== undefined && Math.abs(middle - this.#told) < worthTelling * this.#told) return false;
    this.#told = middle;
    return true;
  }
}

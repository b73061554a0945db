/** A machine that other programs use, too: quiet for a while, then busy for a while. */
import { SeededRandom } from './random.ts';

const minute = 60_000;
const quietMs = 20 * minute;
const busyMs = 4 * minute;
/** How many times as long a step takes while it is busy. */
const busyLoad = { least: 1.5, most: 5 };

export class Machine {
  readonly id: string;
  readonly #random: SeededRandom;
  #load = 1;
  #until = 0;

  /** @param random draws a seed of its own from it: who asks how often changes nothing for others */
  constructor(random: SeededRandom) {
    this.id = random.uuid();
    this.#random = new SeededRandom(Math.floor(random.next() * 2 ** 31));
    this.#until = this.#random.exponential(quietMs);
  }

  /** How many times as long a step takes as on the machine at rest. @param now never earlier than before */
  loadAt(now: number): number {
    while (now >= this.#until) {
      this.#load = this.#load === 1 ? this.#random.between(busyLoad.least, busyLoad.most) : 1;
      this.#until += this.#random.exponential(this.#load === 1 ? quietMs : busyMs);
    }
    return this.#load;
  }
}

/** How much one sender may have done for it over time: a token bucket. */

export interface BudgetInit {
  /** Refilled in a second. */
  perSecond: number;
  /** Most that is saved up. */
  capacity: number;
}

export class Budget {
  readonly #init: BudgetInit;
  #left: number;
  #at: number;

  /** @param now in milliseconds, of a clock that never goes back */
  constructor(init: BudgetInit, now: number) {
    this.#init = init;
    this.#left = init.capacity;
    this.#at = now;
  }

  /**
   * Takes `cost`, also where less is left: what a message costs is known when it has been read.
   * @returns for how long nothing more may be taken, in milliseconds
   */
  take(cost: number, now: number): number {
    const { perSecond, capacity } = this.#init;
    this.#left = Math.min(capacity, this.#left + ((now - this.#at) / 1000) * perSecond) - cost;
    this.#at = now;
    return Math.max(0, (-this.#left / perSecond) * 1000);
  }
}

/** Slows guessing down: an address from which wrong tokens come has to wait before it is heard again. */

const mostFailures = 10;
const windowMs = 60_000;
const mostAddresses = 1000;

export class CallAttempts {
  readonly #failures = new Map<string, number[]>();

  /** True where this address may not try now. @param now in milliseconds of a clock that nobody sets */
  mustWait(address: string, now = performance.now()): boolean {
    return this.#recent(address, now).length >= mostFailures;
  }

  failed(address: string, now = performance.now()): void {
    const recent = [...this.#recent(address, now), now];
    this.#failures.delete(address);
    this.#failures.set(address, recent);
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= mostAddresses) break;
      this.#failures.delete(oldest);
    }
  }

  #recent(address: string, now: number): number[] {
    return (this.#failures.get(address) ?? []).filter((time) => time > now - windowMs);
  }
}

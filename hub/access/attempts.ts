/** Slows guessing down: after a few failures from one address, its next try has to wait. */

const freeFailures = 5;
const windowMs = 60_000;
const mostAddresses = 10_000;

export class Attempts {
  readonly #failures = new Map<string, number[]>();

  /** Seconds until this address may try again; 0 where it may now. */
  waitSeconds(address: string, now = Date.now()): number {
    const recent = this.#recent(address, now);
    const [oldest = now] = recent.slice(-freeFailures);
    return recent.length < freeFailures ? 0 : Math.max(1, Math.ceil((oldest + windowMs - now) / 1000));
  }

  failed(address: string, now = Date.now()): void {
    this.#failures.set(address, [...this.#recent(address, now), now]);
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= mostAddresses) break;
      this.#failures.delete(oldest);
    }
  }

  succeeded(address: string): void {
    this.#failures.delete(address);
  }

  #recent(address: string, now: number): number[] {
    return (this.#failures.get(address) ?? []).filter((time) => time > now - windowMs);
  }
}

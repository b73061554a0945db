/** Slows guessing down: after a few failures from one address, its next try has to wait. */
import { isIPv6 } from 'node:net';

const freeFailures = 5;
const windowMs = 60_000;
const mostAddresses = 10_000;

export class Attempts {
  readonly #failures = new Map<string, number[]>();

  /**
   * Begins a try, which counts as a failure until it is taken back: tries at the same time count as well.
   * @param now in milliseconds of a clock that nobody sets
   * @returns seconds until this address may try again; 0 where the try may go on
   */
  begin(address: string, now = performance.now()): number {
    const network = networkOf(address);
    const recent = (this.#failures.get(network) ?? []).filter((time) => time > now - windowMs);
    const [oldest = now] = recent.slice(-freeFailures);
    if (recent.length >= freeFailures) return Math.max(1, Math.ceil((oldest + windowMs - now) / 1000));
    this.#failures.delete(network);
    this.#failures.set(network, [...recent, now]);
    for (const longestQuiet of this.#failures.keys()) {
      if (this.#failures.size <= mostAddresses) break;
      this.#failures.delete(longestQuiet);
    }
    return 0;
  }

  /** The last try was none: a key was right. Earlier failures stay, so that a key buys no more guesses at a password. */
  takeBack(address: string): void {
    const network = networkOf(address);
    this.#failures.set(network, (this.#failures.get(network) ?? []).slice(0, -1));
  }

  /** Whoever asks from there knows the password. */
  forget(address: string): void {
    this.#failures.delete(networkOf(address));
  }
}

/** Whoever has one IPv6 address has all of its /64. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  return [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...(tail?.split(':') ?? [])]
    .slice(0, 4)
    .join(':');
}

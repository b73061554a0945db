/** Connections that have not shown the token yet: only so many, and those of one address never take the place of others'. */

const mostOfOneAddress = 8;
const most = 32;

/** Bookkeeping only; the connections are whatever the caller has. */
export class Strangers<Connection> {
  /** Oldest first, by address. */
  readonly #waiting = new Map<string, Set<Connection>>();

  /** @returns the connection that has to go, as there are too many */
  came(address: string, connection: Connection): Connection | undefined {
    const own = this.#waiting.get(address) ?? new Set();
    this.#waiting.set(address, own.add(connection));
    const crowded = own.size > mostOfOneAddress ? own : this.#count > most ? this.#largest : undefined;
    return crowded?.values().next().value;
  }

  /** It has shown the token, or is closed. */
  left(address: string, connection: Connection): void {
    const own = this.#waiting.get(address);
    own?.delete(connection);
    if (own?.size === 0) this.#waiting.delete(address);
  }

  get #count(): number {
    return [...this.#waiting.values()].reduce((sum, { size }) => sum + size, 0);
  }

  get #largest(): Set<Connection> | undefined {
    return [...this.#waiting.values()].toSorted((one, other) => other.size - one.size)[0];
  }
}

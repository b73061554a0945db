/**
 * A queue that several sides share fairly, however much each of them puts in: start-time fair queueing (Goyal, Vin and
 * Cheng, 1996). A side's next turn comes later by the cost of what it had, and a newcomer begins where the others are.
 */

interface Entry<T> {
  item: T;
  cost: number;
  /** Order of coming, to decide between equals. */
  number: number;
}

interface Side<T> {
  /** Virtual time of its next turn. */
  turn: number;
  entries: Entry<T>[];
}

/** Sides that are remembered while nobody waits. */
const maxRemembered = 1000;

export class FairQueue<T> {
  readonly #sides = new Map<string, Side<T>>();
  #now = 0;
  #count = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many entries of one side wait. */
  sizeOf(share: string): number {
    return this.#sides.get(share)?.entries.length ?? 0;
  }

  /** @param share whose it is @param cost what it takes of that which is shared, above 0 */
  add(item: T, share: string, cost: number): void {
    let side = this.#sides.get(share);
    if (!side) this.#sides.set(share, (side = { turn: this.#now, entries: [] }));
    if (side.entries.length === 0) side.turn = Math.max(side.turn, this.#now);
    side.entries.push({ item, cost, number: this.#count++ });
    this.#size++;
  }

  /** When an entry's turn comes, counted from 1, if nobody else comes; undefined where it does not wait. */
  placeOf(item: T): number | undefined {
    const turns = [...this.#sides.values()].flatMap(({ turn, entries }) => {
      let at = turn;
      return entries.map((entry) => {
        const own = { ...entry, at };
        at += entry.cost;
        return own;
      });
    });
    turns.sort((one, other) => one.at - other.at || one.number - other.number);
    const index = turns.findIndex((entry) => entry.item === item);
    return index < 0 ? undefined : index + 1;
  }

  /** The next entry of each side, in the order of their turns. */
  heads(): T[] {
    return [...this.#sides.values()]
      .filter(({ entries }) => entries.length > 0)
      .sort((one, other) => one.turn - other.turn || numberOf(one) - numberOf(other))
      .flatMap(({ entries: [first] }) => (first ? [first.item] : []));
  }

  /** Takes an entry out because its turn came: one of `heads`. */
  take(item: T): void {
    for (const side of this.#sides.values()) {
      const [first] = side.entries;
      if (first?.item !== item) continue;
      side.entries.shift();
      this.#size--;
      this.#now = Math.max(this.#now, side.turn);
      side.turn += first.cost;
    }
    this.#forget();
  }

  /** Takes an entry out that does not want its turn any more. */
  remove(item: T): void {
    this.removeWhere((one) => one === item);
  }

  /** Takes entries out that do not want their turns any more; those of all others come as they would have. */
  removeWhere(isOver: (item: T) => boolean): void {
    for (const side of this.#sides.values()) {
      const left = side.entries.filter(({ item }) => !isOver(item));
      this.#size -= side.entries.length - left.length;
      side.entries = left;
    }
    this.#forget();
  }

  /** Takes everything out, in no order. */
  clear(): T[] {
    const items = [...this.#sides.values()].flatMap(({ entries }) => entries.map(({ item }) => item));
    this.#sides.clear();
    this.#size = 0;
    return items;
  }

  /** Sides that wait for nothing are remembered while they had more than others, as far as there are not too many. */
  #forget(): void {
    if (this.#size === 0 && this.#sides.size > maxRemembered) this.#sides.clear();
    for (const [share, { turn, entries }] of this.#sides) {
      if (entries.length === 0 && turn <= this.#now) this.#sides.delete(share);
    }
  }
}

function numberOf<T>({ entries: [first] }: Side<T>): number {
  return first?.number ?? 0;
}

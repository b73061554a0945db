/** A clock that stands still until it is told to go on. */
import type { Clock } from '../pipelines/clock.ts';

interface Timer {
  at: number;
  /** Timers of one moment end in the order in which they were set. */
  order: number;
  /** Undefined once it was called off. */
  callback: (() => void) | undefined;
}

export class VirtualClock implements Clock {
  /** A binary heap: the timer that ends first is the first. */
  readonly #timers: Timer[] = [];
  #now = 0;
  #order = 0;

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, milliseconds), order: this.#order++, callback };
    this.#push(timer);
    return () => (timer.callback = undefined);
  }

  /**
   * Goes on to the next timer, and calls it back.
   * @returns false where none ends until then
   */
  step(until = Infinity): boolean {
    for (let next = this.#timers[0]; next && next.at <= until; next = this.#timers[0]) {
      this.#pop();
      if (!next.callback) continue;
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      return true;
    }
    return false;
  }

  /** Goes on by so much time, and calls back all timers that end until then. */
  advance(milliseconds: number): void {
    const until = this.#now + milliseconds;
    while (this.step(until));
    this.#now = until;
  }

  /** Goes on by so much time at once, as a computer that slept: timers end too late. */
  jump(milliseconds: number): void {
    this.#now += milliseconds;
    while (this.step(this.#now));
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    heap.push(timer);
    for (let index = heap.length - 1; index > 0;) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index], heap[parent])) return;
      swap(heap, index, parent);
      index = parent;
    }
  }

  #pop(): void {
    const heap = this.#timers;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    heap[0] = last;
    for (let index = 0; ;) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      let first = isBefore(heap[left], heap[index]) ? left : index;
      if (isBefore(heap[right], heap[first])) first = right;
      if (first === index) return;
      swap(heap, index, first);
      index = first;
    }
  }
}

function isBefore(one: Timer | undefined, other: Timer | undefined): boolean {
  if (!one || !other) return false;
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

function swap(heap: Timer[], one: number, other: number): void {
  [heap[one], heap[other]] = [heap[other] as Timer, heap[one] as Timer];
}

/** One worker's lease: over when nothing was heard from the worker for its length. */
import type { InTurns } from '../fairness/inTurns.ts';

/** A lease that ends later than this after its time says more of the hub than of the worker. */
const mostTimerDelayMs = 500;

export interface WorkerLeaseComponents {
  /** True while the hub itself does not read what the worker says. */
  isPaused: () => boolean;
  /** A thousand leases may end at once, where a network fails. */
  ends: Pick<InTurns, 'take'>;
  /** Called once, when the lease is over. */
  over: () => void;
}

export class WorkerLease {
  readonly #components: WorkerLeaseComponents;
  #lengthMs: number;
  /** By `performance.now()`: when the worker last said something. */
  #heardAt = performance.now();
  /** Likewise: silence before that does not count. */
  #since = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor(components: WorkerLeaseComponents, lengthMs: number) {
    this.#components = components;
    this.#lengthMs = lengthMs;
    this.#watch(lengthMs);
  }

  get lengthMs(): number {
    return this.#lengthMs;
  }

  get heardAt(): number {
    return this.#heardAt;
  }

  /** The worker said something. A timer that is set anew by each of its tokens would cost as much as a token. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  /** The worker is about to be told: where the lease becomes shorter, silence until now does not count. */
  change(lengthMs: number): void {
    const isShorter = lengthMs < this.#lengthMs;
    this.#lengthMs = lengthMs;
    if (isShorter) this.#countFromNow();
  }

  /** The worker is gone, or another socket of it is here. */
  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
  }

  #watch(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#components.ends.take(() => this.#look()), Math.ceil(milliseconds));
  }

  #countFromNow(): void {
    this.#since = performance.now();
    this.#watch(this.#lengthMs);
  }

  #look(): void {
    if (this.#hasEnded) return;
    const silentMs = performance.now() - Math.max(this.#heardAt, this.#since);
    // It spoke since, or has a longer lease by now: what is left of it.
    if (silentMs < this.#lengthMs) this.#watch(this.#lengthMs - silentMs);
    // A late timer says that the hub was busy: what the worker said meanwhile is still to be read.
    else if (this.#components.isPaused() || silentMs > this.#lengthMs + mostTimerDelayMs)
      this.#countFromNow();
    else this.#components.over();
  }
}

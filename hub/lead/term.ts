/** The time in which a hub leads. */
import type { afterLook } from './afterLook.ts';
import type { LeaderRecord } from './leaderRecord.ts';
import { holds, momentNow, type Moment } from './leaseClock.ts';

export interface TermInit {
  /** Renews the lease, or finds out otherwise whether this hub still leads. */
  look: (term: Pick<Term, 'record' | 'confirmedAt'>) => Promise<ReturnType<typeof afterLook>>;
  leaseMs: number;
}

export class Term {
  readonly #init: TermInit;
  readonly #over = new AbortController();
  readonly #lost = Promise.withResolvers<void>();
  #record: LeaderRecord;
  #confirmedAt: Moment;
  #whyLost: string | undefined;
  #looking: Promise<boolean> | undefined;
  /** What the last look told the others. */
  #announced: LeaderRecord | undefined;

  /** @param confirmedAt when Redis was asked for the lease */
  constructor(record: LeaderRecord, confirmedAt: Moment, init: TermInit) {
    this.#record = record;
    this.#confirmedAt = confirmedAt;
    this.#init = init;
  }

  get record(): LeaderRecord {
    return this.#record;
  }

  get confirmedAt(): Moment {
    return this.#confirmedAt;
  }

  /** Ends with the term, however that ends. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** True once this hub leads no more. */
  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  get isLost(): boolean {
    return this.#whyLost !== undefined;
  }

  get whyLost(): string | undefined {
    return this.#whyLost;
  }

  /** Resolves when another hub leads, or may. */
  get lost(): Promise<void> {
    return this.#lost.promise;
  }

  /** False where another hub may lead by now: nothing is written, and nobody is answered, before `confirm`. */
  get isCertain(): boolean {
    return !this.isOver && holds(this.#confirmedAt, momentNow(), this.#init.leaseMs);
  }

  /** From now on this hub can be asked. */
  serves(): void {
    this.#record = { ...this.#record, serves: true };
  }

  /** Finds out whether this hub still leads. Whoever asks meanwhile gets the same answer. */
  async confirm(): Promise<boolean> {
    if (this.isOver) return false;
    const answer = await (this.#looking ??= this.#look().finally(() => (this.#looking = undefined)));
    // That look may have begun before there was something new to tell.
    return answer && this.#announced !== this.#record ? this.confirm() : answer;
  }

  /** It ends of this hub's own will. */
  end(): void {
    this.#over.abort();
  }

  async #look(): Promise<boolean> {
    const at = momentNow();
    this.#announced = this.#record;
    const found = await this.#init.look(this);
    if (this.isOver) return false;
    if (found === 'confirmed') this.#confirmedAt = at;
    if (typeof found !== 'object') return true;
    this.#whyLost = found.lost;
    this.#over.abort();
    this.#lost.resolve();
    return false;
  }
}

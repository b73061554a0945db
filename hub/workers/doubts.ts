/** Workers that somebody waits for: each is asked for a sign of life, and is gone where none comes in time. */
import type { WorkerId } from '@potluck/protocol';
import { AnswerTimes } from './answerTimes.ts';
import { longestPatienceMs, patienceMs, shortestPatienceMs } from './patience.ts';

/** How often whoever owns the doubts looks at them, in milliseconds. */
export const lookEveryMs = 50;
/** After a longer time the hub itself stood still: what workers said meanwhile is still to be read, and is no silence of theirs. */
const lateMs = 150;
/** A worker that has just answered is not asked again at once. */
const askAgainMs = 350;

export interface DoubtsComponents {
  /** When the worker last said something, by `performance.now()`; undefined where it is not here. */
  heardAt: (workerId: WorkerId) => number | undefined;
  /** True while the hub itself does not read what the worker says. */
  isPaused: (workerId: WorkerId) => boolean;
  /** Asks the worker for a sign of life. */
  probe: (workerId: WorkerId) => void;
  /** Who holds all that the worker serves, and could take its place at once; empty where nobody does. */
  standIns: (workerId: WorkerId) => readonly WorkerId[];
}

interface Doubt {
  /** By `performance.now()`. */
  askedAt: number;
  /** How long the hub has waited since, without the time in which it did not read. */
  waitedMs: number;
  standIns: readonly WorkerId[];
  /** True where its time was over when the hub had stood still: it has until the next look. */
  isOver: boolean;
}

export class Doubts {
  readonly #components: DoubtsComponents;
  readonly #open = new Map<WorkerId, Doubt>();
  readonly #times = new AnswerTimes();
  readonly #answeredAt = new Map<WorkerId, number>();
  #lookedAt = 0;

  constructor(components: DoubtsComponents) {
    this.#components = components;
  }

  /** True while a worker has not answered yet: somebody has to look. */
  get areOpen(): boolean {
    return this.#open.size > 0;
  }

  /** Somebody waits for this worker. @param now by `performance.now()` */
  ask(workerId: WorkerId, now: number): void {
    const isFresh = now - (this.#answeredAt.get(workerId) ?? -Infinity) < askAgainMs;
    if (isFresh || this.#isOpen(workerId, now)) return;
    const standIns = this.#components.standIns(workerId);
    this.#ask(workerId, standIns, now);
    // Who is to take its place shows that it can, and how long a sign of life takes now.
    for (const id of standIns) if (!this.#isOpen(id, now)) this.#ask(id, this.#components.standIns(id), now);
  }

  /** The worker is not here any more. */
  forget(workerId: WorkerId): void {
    this.#open.delete(workerId);
    this.#answeredAt.delete(workerId);
  }

  /** Called every `lookEveryMs` while there are open ones. @returns the workers that are gone */
  look(now: number): WorkerId[] {
    const sinceMs = now - this.#lookedAt;
    const isLate = sinceMs > lateMs;
    this.#lookedAt = now;
    for (const [workerId, doubt] of this.#open) {
      if (this.#components.heardAt(workerId) === undefined) this.forget(workerId);
      else if (this.#isOpen(workerId, now) && !this.#components.isPaused(workerId))
        doubt.waitedMs += isLate ? lookEveryMs : Math.min(sinceMs, now - doubt.askedAt);
    }
    const due = [...this.#open].filter(
      ([workerId, { waitedMs }]) => waitedMs >= shortestPatienceMs && !this.#components.isPaused(workerId),
    );
    const times = due.length > 0 ? this.#timesNow(now) : [];
    const gone = due.filter(([workerId, doubt]) => {
      if (doubt.waitedMs < this.#patienceMs(workerId, doubt, times, now)) return false;
      const isOver = !isLate || doubt.isOver;
      doubt.isOver = true;
      return isOver;
    });
    for (const [workerId] of gone) {
      this.forget(workerId);
      // Whoever comes back, and was only slow, has more time after that.
      this.#times.note(workerId, { milliseconds: longestPatienceMs, at: now });
    }
    return gone.map(([workerId]) => workerId);
  }

  #ask(workerId: WorkerId, standIns: readonly WorkerId[], now: number): void {
    if (this.#components.heardAt(workerId) === undefined) return;
    if (!this.areOpen) this.#lookedAt = now;
    this.#open.set(workerId, { askedAt: now, waitedMs: 0, standIns, isOver: false });
    this.#components.probe(workerId);
  }

  /** Whether the worker has still to answer; what it took is noted as soon as it has. */
  #isOpen(workerId: WorkerId, now: number): boolean {
    const doubt = this.#open.get(workerId);
    if (!doubt) return false;
    const heardAt = this.#components.heardAt(workerId) ?? -Infinity;
    if (heardAt <= doubt.askedAt) return true;
    this.#open.delete(workerId);
    this.#answeredAt.set(workerId, now);
    // What came while the hub stood still may have come at once.
    const milliseconds = Math.min(heardAt - doubt.askedAt, doubt.waitedMs + lookEveryMs);
    this.#times.note(workerId, { milliseconds, at: now });
    return false;
  }

  /** What the workers that are here took lately, or have taken until now, in milliseconds. */
  #timesNow(now: number): [WorkerId, number][] {
    const times = this.#times.latest(now);
    for (const [id, { waitedMs }] of this.#open) times.set(id, waitedMs);
    return [...times].filter(([id]) => this.#components.heardAt(id) !== undefined);
  }

  #patienceMs(
    workerId: WorkerId,
    { standIns, askedAt }: Doubt,
    times: readonly [WorkerId, number][],
    now: number,
  ): number {
    const { heardAt } = this.#components;
    return patienceMs({
      isReplaceable: standIns.length > 0 && standIns.every((id) => (heardAt(id) ?? -Infinity) > askedAt),
      slowestMs: this.#times.slowestOf(workerId, now),
      others: times.filter(([id]) => id !== workerId).map(([, milliseconds]) => milliseconds),
    });
  }
}

/** What lost devices have cost one answer so far, and whether it stands still for one now. */
import { mostFailures, noRecovery, weightOf, type Recovery } from './attempt.ts';
import type { GenerationError } from './generationError.ts';
import { mostPauses, type Pause } from './requestRecord.ts';

/** What a former run of the hub knew of an answer. */
export interface FormerLosses {
  recovery: Recovery;
  /** In order. */
  pauses: readonly Pause[];
  /** When that run was last known to go on with the answer, in Unix milliseconds. */
  at: number;
}

export class Losses {
  readonly #arrivedAt: number;
  readonly #pauses: Pause[];
  #recovery: Recovery;
  /** Since when the answer stands still, by `performance.now()`. */
  #since: number | undefined;
  /** Names of what was lost since then. */
  #names: Set<string>;
  /** What failed since the last token, by `weightOf`. */
  #failures = 0;

  /** @param arrivedAt when the request came, by `performance.now()` */
  constructor(arrivedAt: number, former?: FormerLosses) {
    this.#arrivedAt = arrivedAt;
    this.#recovery = former?.recovery ?? noRecovery;
    this.#pauses = [...(former?.pauses ?? [])];
    this.#names = new Set(former?.recovery.lost.slice(-1));
    if (former) this.#since = performance.now() - Math.max(0, Date.now() - former.at);
  }

  /** Over all attempts. */
  get recovery(): Recovery {
    return this.#recovery;
  }

  /** The first `mostPauses`, in order, and further ones as they come. */
  get pauses(): Pause[] {
    return this.#pauses;
  }

  /** Both with the pause that lasts now, which has its end now. */
  get soFar(): { recovery: Recovery; pauses: Pause[] } {
    const pause = this.#pauseNow();
    if (!pause) return { recovery: this.#recovery, pauses: this.#pauses };
    const { lost, pauseMs, ...rest } = this.#recovery;
    const pauses = this.#pauses.length < mostPauses ? [...this.#pauses, pause] : this.#pauses;
    const all = [...new Set([...lost, ...this.#names])];
    return { recovery: { ...rest, pauseMs: pauseMs + pause.toMs - pause.fromMs, lost: all }, pauses };
  }

  /** Names of what was lost, while the answer stands still; undefined while it goes on. */
  get standsStillFor(): string[] | undefined {
    return this.#since === undefined ? undefined : [...this.#names];
  }

  /** For how long the answer has stood still, in milliseconds; 0 while it goes on. */
  get standsStillMs(): number {
    return this.#since === undefined ? 0 : performance.now() - this.#since;
  }

  /** True where more failed since the last token than an answer bears. */
  get isTooMuch(): boolean {
    return this.#failures >= mostFailures;
  }

  /** Devices failed. @param lastTokenAt when the last token came, by `performance.now()`; undefined before the first one */
  failed(error: GenerationError, lastTokenAt: number | undefined): void {
    this.#failures += weightOf(error);
    this.#since ??= lastTokenAt ?? performance.now();
    this.#add(error.workers ?? []);
  }

  /** A device of the answer is not here any more: the answer stands still, or is about to. */
  left(name: string): void {
    this.#add([name]);
  }

  /** Other devices, or the same ones, go on. @param isReplay true where the attempt before held room */
  replaced(lost: readonly string[], isReplay: boolean): void {
    const { replays, lost: before } = this.#recovery;
    this.#recovery = {
      ...this.#recovery,
      replays: replays + (isReplay ? 1 : 0),
      lost: [...new Set([...before, ...lost])],
    };
    this.#add(lost);
  }

  /** Stages ran tokens once more. */
  recomputed(tokens: number): void {
    this.#recovery = { ...this.#recovery, recomputedTokens: this.#recovery.recomputedTokens + tokens };
  }

  /** A token came. @returns true where the answer had stood still */
  wentOn(): boolean {
    if (this.#since === undefined) return false;
    this.notePause();
    this.#failures = 0;
    this.#since = undefined;
    this.#names.clear();
    return true;
  }

  /** Notes how long the answer has stood still until now, where it does. */
  notePause(): void {
    const pause = this.#pauseNow();
    if (!pause) return;
    // By one look at the clock: both are to say the same.
    const pauseMs = this.#recovery.pauseMs + pause.toMs - pause.fromMs;
    this.#recovery = { ...this.#recovery, pauseMs };
    if (this.#pauses.length < mostPauses) this.#pauses.push(pause);
  }

  /** From the loss until now; undefined while the answer goes on. */
  #pauseNow(): Pause | undefined {
    if (this.#since === undefined) return undefined;
    const fromMs = Math.max(0, this.#since - this.#arrivedAt);
    return { fromMs, toMs: performance.now() - this.#arrivedAt, lost: [...this.#names] };
  }

  #add(names: readonly string[]): void {
    for (const name of names) this.#names.add(name);
  }
}

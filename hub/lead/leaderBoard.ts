/** Who leads, as far as this hub knows. */
import type { LeaderRecord } from './leaderRecord.ts';

/** Workers and tabs are back by then, in milliseconds. */
const freshMs = 15_000;

export class LeaderBoard {
  #record: LeaderRecord | undefined;
  /** The epoch that was last seen to serve, and when it took over from another that was seen, by `performance.now()`. */
  #served: number | undefined;
  #tookOverAt = -Infinity;
  readonly #listeners = new Set<(record: LeaderRecord | undefined) => void>();

  /** Who leads, also while that hub does not serve yet. */
  get record(): LeaderRecord | undefined {
    return this.#record;
  }

  /** The leader that can be asked. */
  get serving(): LeaderRecord | undefined {
    return this.#record?.serves ? this.#record : undefined;
  }

  /** True for some seconds after another hub took over: its devices are just coming back. */
  get isFresh(): boolean {
    return performance.now() - this.#tookOverAt < freshMs;
  }

  /** It was found out who leads; undefined: nobody. */
  set(record: LeaderRecord | undefined): void {
    const before = this.#record;
    this.#record = record;
    if (record?.serves && record.epoch !== this.#served) {
      if (this.#served !== undefined) this.#tookOverAt = performance.now();
      this.#served = record.epoch;
    }
    if (before?.epoch === record?.epoch && before?.serves === record?.serves) return;
    for (const listener of [...this.#listeners]) listener(record);
  }

  /** @returns a function that ends the listening */
  listen(listener: (record: LeaderRecord | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Waits for a leader that can be asked. @returns undefined where the signal comes first */
  whenServing(signal: AbortSignal): Promise<LeaderRecord | undefined> {
    return new Promise((resolve) => {
      const end = (record?: LeaderRecord): void => {
        stop();
        signal.removeEventListener('abort', onAbort);
        resolve(record);
      };
      const onAbort = (): void => end();
      const stop = this.listen(() => this.serving && end(this.serving));
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted || this.serving) end(this.serving);
    });
  }
}

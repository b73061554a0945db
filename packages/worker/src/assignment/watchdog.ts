/** Aborts when nothing has moved for too long. */
import { untilAborted } from '../untilAborted.ts';

export class Watchdog {
  readonly #controller = new AbortController();
  readonly #deadlineMs: number;
  readonly #describe: () => string;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param describe says what was going on, for the reason */
  constructor(deadlineMs: number, describe: () => string) {
    this.#deadlineMs = deadlineMs;
    this.#describe = describe;
    this.moved();
  }

  /** Aborted with the reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something moved: the deadline starts again. */
  moved(): void {
    clearTimeout(this.#timer);
    if (this.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.abort(`no progress for ${this.#deadlineMs} ms while ${this.#describe()}`);
    }, this.#deadlineMs);
  }

  abort(reason: string): void {
    this.stop();
    this.#controller.abort(new Error(reason));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** The task's result, or the signal's reason if that comes first. */
  guard<T>(task: Promise<T>): Promise<T> {
    return untilAborted(task, this.signal);
  }
}

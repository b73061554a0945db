/** Whether a server answers: by what is asked of it anyway, and while it does not, by asking again. */
import { LeadershipLostError } from './leadership.ts';
import type { DatabaseProblem } from './plainErrors.ts';

export interface ServerWatchInit {
  /** Asks the server for next to nothing; rejects where it does not answer. */
  ask: () => Promise<unknown>;
  /** Between two tries, in milliseconds. */
  everyMs: number;
}

export class ServerWatch {
  readonly #init: ServerWatchInit;
  #trouble: DatabaseProblem | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasStopped = false;

  constructor(init: ServerWatchInit) {
    this.#init = init;
  }

  /** What is wrong; undefined while the server answers. */
  get trouble(): DatabaseProblem | undefined {
    return this.#trouble;
  }

  /** True while the server does not answer. */
  get isAway(): boolean {
    return this.#trouble !== undefined && !(this.#trouble instanceof LeadershipLostError);
  }

  /** Told of each outcome. */
  noted(problem: DatabaseProblem | undefined): void {
    if (this.#hasStopped) return;
    this.#trouble = problem;
    // For good: reads that succeed change nothing of it.
    if (problem instanceof LeadershipLostError) this.stop();
    else if (!problem) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else if (this.#timer === undefined) this.#askLater();
  }

  stop(): void {
    this.#hasStopped = true;
    clearTimeout(this.#timer);
  }

  #askLater(): void {
    this.#timer = setTimeout(() => {
      this.#init.ask().then(
        () => this.noted(undefined),
        () => {
          if (this.#trouble !== undefined && !this.#hasStopped) this.#askLater();
        },
      );
    }, this.#init.everyMs);
    this.#timer.unref();
  }
}

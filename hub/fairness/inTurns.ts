/** Work that comes all at once is spread over turns of the event loop. */
import { turnHasTime } from './turnTime.ts';

const mostTasksPerTurn = 64;

export class InTurns {
  readonly #waiting: (() => void)[] = [];
  #isScheduled = false;

  /** Does a task: at once where nobody waits and this turn has time, else in a later turn, behind those that wait. */
  take(task: () => void): void {
    if (this.#waiting.length === 0 && turnHasTime()) {
      task();
      return;
    }
    this.#waiting.push(task);
    if (!this.#isScheduled) this.#schedule();
  }

  /** Each task has a callback of its own: what one sets in motion is done before the next one looks at the time. */
  #schedule(): void {
    this.#isScheduled = true;
    const tasks = Math.min(mostTasksPerTurn, this.#waiting.length);
    for (let task = 0; task < tasks; task++) {
      setImmediate(() => {
        if (task === 0 || turnHasTime()) this.#waiting.shift()?.();
      });
    }
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#waiting.length > 0) this.#schedule();
    });
  }
}

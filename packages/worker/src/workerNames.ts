/** What people call the workers that this one hears of, so that its log names them. */
import type { WorkerId } from '@potluck/protocol';
import type { Log } from './log.ts';

/** Those heard of longest ago are forgotten beyond; their log lines then show ids. */
const mostNames = 1000;
/** Fields of log lines that hold a worker's id. */
const idFields = ['peer', 'from'] as const;

export class WorkerNames {
  readonly #names = new Map<string, string>();

  learn(workers: readonly { workerId: WorkerId; name: string }[]): void {
    for (const { workerId, name } of workers) {
      this.#names.delete(workerId);
      this.#names.set(workerId, name);
    }
    for (const oldest of this.#names.keys()) {
      if (this.#names.size <= mostNames) break;
      this.#names.delete(oldest);
    }
  }

  /** @returns a log whose lines name workers where they would show their ids */
  naming(log: Log): Log {
    const named = (fields: object): object => {
      const changed: Record<string, unknown> = { ...fields };
      for (const field of idFields) {
        const name = this.#names.get(String(changed[field]));
        if (name !== undefined) changed[field] = name;
      }
      return changed;
    };
    return {
      debug: (fields, message) => log.debug(named(fields), message),
      info: (fields, message) => log.info(named(fields), message),
      warn: (fields, message) => log.warn(named(fields), message),
      error: (fields, message) => log.error(named(fields), message),
    };
  }
}

/** Keeps what nobody waits for: writes go in order, behind the tokens. */
import type { Logger } from 'pino';
import { messageOf } from '../errors/messageOf.ts';

export class WriteQueue {
  readonly #logger: Logger;
  #last: Promise<void> = Promise.resolve();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Writes behind what was given before. A write that fails is logged, and nothing else fails for it.
   * @param what for the log, such as `a message`
   */
  write(what: string, write: () => Promise<void>): void {
    this.#last = this.#last.then(write).catch((error: unknown) => {
      this.#logger.error({ reason: messageOf(error) }, `${what} could not be kept in the database`);
    });
  }

  /** Resolves when all that was given so far is on the disk. Readers wait for it. */
  settled(): Promise<void> {
    return this.#last;
  }
}

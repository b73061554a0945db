/** Hashes passwords one after the other: each takes 50 ms of a thread that reading and writing files needs, too. */
import { DomainError } from '../errors/domainError.ts';

const mostWaiting = 20;

/** Thrown where so many passwords wait to be checked that another one would wait for long. */
export class TooManyPasswords extends DomainError {
  override readonly name = 'TooManyPasswords';
  readonly kind = 'busy';
  readonly code = 'rate_limit_exceeded';
}

export class HashQueue {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** @throws TooManyPasswords */
  async run<T>(hash: () => Promise<T>): Promise<T> {
    if (this.#waiting >= mostWaiting) {
      throw new TooManyPasswords(
        'Too many passwords are being checked at the moment. Try again in a few seconds.',
        { retryAfterSeconds: 5 },
      );
    }
    this.#waiting += 1;
    const turn = this.#last.then(hash);
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }
}

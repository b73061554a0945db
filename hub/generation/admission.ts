/** Cache room of a pipeline: reserved before a session opens, first come first served. */
import type { ReadyStage } from '../pipelines/pipeline.ts';
import { GenerationError } from './generationError.ts';

type Room = Pick<ReadyStage, 'cacheBytes'> & {
  description: Pick<ReadyStage['description'], 'cacheBytesPerToken' | 'stateBytes'>;
};

interface Waiting {
  tokens: number;
  granted: () => void;
  refused: (error: Error) => void;
}

/** Sessions that may wait; more are told to come back later. */
const defaultQueueLimit = 64;
const retryAfterSeconds = 5;

export class Admission {
  readonly #stages: readonly Room[];
  readonly #queueLimit: number;
  readonly #reserved: number[];
  #waiting: Waiting[] = [];
  #ended: Error | undefined;

  constructor(stages: readonly Room[], init: { queueLimit?: number } = {}) {
    this.#stages = stages;
    this.#queueLimit = init.queueLimit ?? defaultQueueLimit;
    this.#reserved = stages.map(() => 0);
  }

  /** Longest session that fits when no other is there, in tokens. */
  get largestSession(): number {
    const fits = this.#stages.map(({ cacheBytes, description: { cacheBytesPerToken, stateBytes } }) =>
      cacheBytes < stateBytes
        ? 0
        : cacheBytesPerToken === 0
          ? Infinity
          : Math.floor((cacheBytes - stateBytes) / cacheBytesPerToken),
    );
    return Math.min(...fits);
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /**
   * Asks for room. What is returned is granted at once or in turn.
   * @param tokens prompt and longest answer together, at most `largestSession`
   * @throws GenerationError `rate_limit_exceeded` at once if too many wait already
   */
  request(tokens: number, signal: AbortSignal): { granted: Promise<void> } {
    if (this.#waiting.length >= this.#queueLimit) {
      throw new GenerationError(
        'rate_limit_exceeded',
        `${this.#waiting.length} requests are waiting already. Try again later.`,
        { retryAfterSeconds },
      );
    }
    const granted = new Promise<void>((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      const onAbort = (): void => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        waiting.refused(new GenerationError('cancelled', 'the request was cancelled'));
        this.#grantInTurn();
      };
      const waiting: Waiting = {
        tokens,
        granted: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
        refused: (error) => {
          signal.removeEventListener('abort', onAbort);
          reject(error);
        },
      };
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiting);
      this.#grantInTurn();
    });
    return { granted };
  }

  /** Gives room back that was granted. */
  release(tokens: number): void {
    this.#add(-tokens, -1);
    this.#grantInTurn();
  }

  /** The pipeline is over: everyone who waits is told why. */
  end(error: Error): void {
    this.#ended = error;
    for (const { refused } of this.#waiting.splice(0)) refused(error);
  }

  #grantInTurn(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.tokens); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#add(next.tokens, 1);
      next.granted();
    }
  }

  #fits(tokens: number): boolean {
    return this.#stages.every(
      ({ cacheBytes, description: { cacheBytesPerToken, stateBytes } }, index) =>
        (this.#reserved[index] ?? 0) + tokens * cacheBytesPerToken + stateBytes <= cacheBytes,
    );
  }

  #add(tokens: number, sessions: number): void {
    for (const [index, { description }] of this.#stages.entries()) {
      const bytes = tokens * description.cacheBytesPerToken + sessions * description.stateBytes;
      this.#reserved[index] = (this.#reserved[index] ?? 0) + bytes;
    }
  }
}

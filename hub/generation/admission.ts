/**
 * Cache room of a pipeline: reserved before a session opens, and shared fairly between those who ask. Caches that are kept count
 * as free: they give way to whoever gets room (`KeptCaches.begin`).
 */
import { FairQueue } from '../fairness/fairQueue.ts';
import { sessionTokens } from '../placement/sessionTokens.ts';
import type { ReadyStage } from '../pipelines/pipeline.ts';
import { cancelled } from './generationError.ts';
import { mustHavePlace } from './mustHavePlace.ts';

type CacheRoom = Pick<ReadyStage, 'cacheBytes'> & {
  description: Pick<ReadyStage['description'], 'cacheBytesPerToken' | 'stateBytes'>;
};

interface Waiting {
  tokens: number;
  share: string;
  granted: () => void;
  refused: (error: Error) => void;
}

/** Room that was asked for. */
export interface AskedRoom {
  /** Resolves when the room is there. */
  granted: Promise<void>;
  /** Place in the queue, from 1; undefined where it does not wait. */
  place(): number | undefined;
  /** Gives it back; called once, and only if it was granted. */
  release(): void;
}

/** Sessions that may wait. */
const defaultQueueLimit = 128;
/** Part of the room that only those get who hold none, so that who comes last need not wait for the end of an answer. */
const reservedShare = 1 / 8;

export class Admission {
  #stages: readonly CacheRoom[];
  readonly #queueLimit: () => number;
  /** Bytes at each stage. */
  readonly #reserved: number[];
  /** Sessions with room, by whose they are. */
  readonly #holders = new Map<string, number>();
  readonly #waiting = new FairQueue<Waiting>();
  #ended: Error | undefined;

  constructor(stages: readonly CacheRoom[], init: { queueLimit?: () => number } = {}) {
    this.#stages = stages;
    this.#queueLimit = init.queueLimit ?? (() => defaultQueueLimit);
    this.#reserved = stages.map(() => 0);
  }

  /** The same stages have other room from now on. */
  resize(stages: readonly CacheRoom[]): void {
    this.#stages = stages;
    this.#grantInTurn();
  }

  /** Longest session that fits when no other is there, in tokens. */
  get largestSession(): number {
    return Math.min(
      ...this.#stages.map(({ cacheBytes, description }) => sessionTokens({ ...description, cacheBytes })),
    );
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** True where a session of so many tokens would be granted at once. */
  hasRoom(tokens: number): boolean {
    return this.#waiting.size === 0 && this.#fits(tokens, 1);
  }

  /** True where caches of so many tokens in all fit beside the sessions that have room. */
  fitsBeside(tokens: number, caches: number): boolean {
    return this.#fits(tokens, 1, caches);
  }

  /**
   * Asks for room. What is returned is granted at once or in turn.
   * @param tokens prompt and longest answer together, at most `largestSession`
   * @param share whose request it is: each share gets its turn, however many requests the others have
   * @param goesOn true for an answer that was accepted before and lost its devices: it is never refused
   * @throws GenerationError `rate_limit_exceeded` at once if too many of this share wait already
   */
  request(tokens: number, share: string, signal: AbortSignal, goesOn = false): AskedRoom {
    if (!goesOn)
      mustHavePlace({ all: this.#waiting.size, own: this.#waiting.sizeOf(share) }, this.#queueLimit());
    let waits: Waiting | undefined;
    const granted = new Promise<void>((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      const onAbort = (): void => {
        this.#waiting.remove(waiting);
        waiting.refused(cancelled());
        this.#grantInTurn();
      };
      const waiting: Waiting = {
        tokens,
        share,
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
      waits = waiting;
      this.#waiting.add(waiting, share, Math.max(1, tokens));
      this.#grantInTurn();
    });
    return {
      granted,
      place: () => (waits ? this.#waiting.placeOf(waits) : undefined),
      release: () => {
        this.#add(share, -tokens, -1);
        this.#grantInTurn();
      },
    };
  }

  /** The pipeline is over: everyone who waits is told why. */
  end(error: Error): void {
    this.#ended = error;
    for (const { refused } of this.#waiting.clear()) refused(error);
  }

  #grantInTurn(): void {
    for (let next = this.#next(); next; next = this.#next()) {
      this.#waiting.take(next);
      this.#add(next.share, next.tokens, 1);
      next.granted();
    }
  }

  /** Nobody overtakes one who holds nothing; one who holds something is overtaken by those who don't. */
  #next(): Waiting | undefined {
    let isBlocked = false;
    for (const head of this.#waiting.heads()) {
      const holds = this.#holders.has(head.share);
      if (isBlocked && holds) continue;
      if (this.#fits(head.tokens, holds ? 1 - reservedShare : 1)) return head;
      if (!holds) return undefined;
      isBlocked = true;
    }
    return undefined;
  }

  /** @param part of the room that may be full afterwards @param caches that share the tokens */
  #fits(tokens: number, part: number, caches = 1): boolean {
    return this.#stages.every(
      ({ cacheBytes, description: { cacheBytesPerToken, stateBytes } }, index) =>
        (this.#reserved[index] ?? 0) + tokens * cacheBytesPerToken + caches * stateBytes <= part * cacheBytes,
    );
  }

  #add(share: string, tokens: number, sessions: number): void {
    const held = (this.#holders.get(share) ?? 0) + sessions;
    if (held > 0) this.#holders.set(share, held);
    else this.#holders.delete(share);
    for (const [index, { description }] of this.#stages.entries()) {
      const bytes = tokens * description.cacheBytesPerToken + sessions * description.stateBytes;
      this.#reserved[index] = (this.#reserved[index] ?? 0) + bytes;
    }
  }
}

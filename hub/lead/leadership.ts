/** Follows who leads, leads when nobody does, and ends that before another hub may. */
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../errors/messageOf.ts';
import { afterLook, type Look } from './afterLook.ts';
import { HigherEpochError } from './higherEpochError.ts';
import type { LeaderBoard } from './leaderBoard.ts';
import type { Candidate, LeaderRecord } from './leaderRecord.ts';
import { holds, momentNow, type Moment } from './leaseClock.ts';
import type { RedisConnection } from './redisConnection.ts';
import type { Lease } from './redisLease.ts';
import { Term } from './term.ts';

/** What a hub does while it leads. */
export interface Reign {
  /** The highest epoch that the database knows. */
  highestEpoch(): Promise<number>;
  /** Ends it. @param isLost false where the hub stops of its own will, and may let answers end first */
  end(isLost: boolean): Promise<void>;
}

export interface LeadershipComponents {
  lease: Lease;
  redis: Pick<RedisConnection, 'connectedAt' | 'lost'>;
  board: LeaderBoard;
  /**
   * Begins to lead. What had begun is ended where it throws. The signal ends the wait for what is not there yet.
   * @throws HigherEpochError where the database has seen a later leader
   */
  begin: (term: Term, signal: AbortSignal) => Promise<Reign>;
  /** Told when this hub can't lead. */
  failed: (error: unknown) => void;
  logger: Logger;
}

export interface LeadershipInit {
  candidate: Candidate;
  /** How long a silent hub keeps the lead, in milliseconds. */
  leaseMs: number;
}

/** So often the lease is renewed while it lasts. */
const renewalsPerLease = 4;
/** How often the others look who leads, in milliseconds. */
const lookEveryMs = 250;
/** How long a hub that could not lead leaves it to others, in milliseconds. */
const restMs = 5000;

export class Leadership {
  readonly #components: LeadershipComponents;
  readonly #init: LeadershipInit;
  readonly #stopping = new AbortController();
  readonly #closing = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #leading: Promise<void> = Promise.resolve();
  /** The highest epoch that was seen in the database. */
  #highestSeen = 0;
  #restsUntil = -Infinity;

  constructor(components: LeadershipComponents, init: LeadershipInit) {
    this.#components = components;
    this.#init = init;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends the term, if there is one, and lets another hub lead at once. This one goes on looking who does. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#leading;
  }

  /** Looks no more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#look();
      await setTimeout(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Looks who leads; leads where nobody does. */
  async #look(): Promise<void> {
    const { lease, board, logger } = this.#components;
    try {
      const found = await lease.read();
      board.set(found);
      if (found || !this.#mayTake()) return;
      const at = momentNow();
      const epoch = await lease.take(this.#init.candidate, this.#highestSeen);
      if (epoch === undefined) return;
      this.#leading = this.#lead({ ...this.#init.candidate, epoch, serves: false }, at);
    } catch (error) {
      // Who led goes on leading; the connection says what is wrong with it.
      logger.debug({ reason: messageOf(error) }, 'Redis does not say who leads');
    }
    await this.#leading;
  }

  /** A Redis that was away may have lost who leads: the leader has as long as a lease to say so again. */
  #mayTake(): boolean {
    const { redis } = this.#components;
    const now = performance.now();
    if (this.#stopping.signal.aborted || now < this.#restsUntil) return false;
    if (redis.connectedAt === undefined) return false;
    return redis.lost === 0 || now - redis.connectedAt > this.#init.leaseMs;
  }

  async #lead(record: LeaderRecord, at: Moment): Promise<void> {
    const { board, begin, failed, lease, logger } = this.#components;
    const { signal } = this.#stopping;
    const term = new Term(record, at, {
      look: (held) => this.#lookAtLease(held, () => reign),
      leaseMs: this.#init.leaseMs,
    });
    board.set(record);
    logger.info({ epoch: record.epoch }, 'this hub leads now');
    let reign: Reign | undefined;
    let hasServed = false;
    const keeping = this.#keep(term);
    try {
      reign = await begin(term, AbortSignal.any([signal, term.signal]));
      term.serves();
      hasServed = await term.confirm();
      if (hasServed) board.set(term.record);
      const stopped = new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.race([term.lost, stopped]);
      this.#sayEnd(term, hasServed);
      await reign.end(term.isLost);
    } catch (error) {
      if (error instanceof HigherEpochError) {
        this.#highestSeen = error.highest;
        if (term.isLost) this.#sayEnd(term, hasServed);
        else
          logger.warn(
            { epoch: record.epoch, highest: error.highest },
            'this hub leads no more: the database knows a later leader',
          );
      } else if (term.isLost || signal.aborted) this.#sayEnd(term, hasServed);
      else {
        this.#restsUntil = performance.now() + restMs;
        failed(error);
      }
    } finally {
      board.set(undefined);
      term.end();
      await keeping;
      if (!term.isLost) await lease.giveBack(term.record).catch(() => undefined);
    }
  }

  /** One line for the end of a term, however it came. */
  #sayEnd({ record: { epoch }, whyLost: reason }: Term, hasServed: boolean): void {
    const { logger } = this.#components;
    if (reason === undefined)
      logger.info({ epoch }, 'this hub leads no more: it stops, and another one may lead at once');
    else if (!hasServed)
      logger.warn(
        { epoch, reason },
        'another hub leads, or may: this one lost its lease while it was starting; on a busy machine give --lease-seconds a larger value',
      );
    else
      logger.error(
        { epoch, reason },
        'this hub leads no more; the next one that leads goes on with its answers',
      );
  }

  /** Renews the lease for as long as the term lasts. */
  async #keep(term: Term): Promise<void> {
    const everyMs = this.#init.leaseMs / renewalsPerLease;
    while (!term.isOver) {
      await setTimeout(everyMs, undefined, { signal: term.signal }).catch(() => undefined);
      if (!term.isOver) await term.confirm();
    }
  }

  /** @param reign what has begun so far */
  async #lookAtLease(
    { record, confirmedAt }: Pick<Term, 'record' | 'confirmedAt'>,
    reign: () => Reign | undefined,
  ): Promise<ReturnType<typeof afterLook>> {
    const look: Look = { isHeld: await this.#components.lease.keep(record).catch(() => undefined) };
    if (look.isHeld === undefined) {
      const begun = reign();
      look.isStarting = begun === undefined;
      look.highestEpoch = await begun?.highestEpoch().catch(() => undefined);
    }
    const isOver = !holds(confirmedAt, momentNow(), this.#init.leaseMs);
    return afterLook(look, { epoch: record.epoch, isOver });
  }
}

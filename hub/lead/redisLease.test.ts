import { randomUUID } from 'node:crypto';
import { HubId } from '@potluck/protocol';
import { pino } from 'pino';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { redisMissing, startRedis } from '../../testing/servers/redisServer.ts';
import { HigherEpochError } from './higherEpochError.ts';
import { LeaderBoard } from './leaderBoard.ts';
import type { Candidate } from './leaderRecord.ts';
import { Leadership } from './leadership.ts';
import { redisAlone } from './redisAlone.ts';
import { connectRedis, type RedisConnection } from './redisConnection.ts';
import { HubsPresent } from './hubsPresent.ts';
import { redisLease } from './redisLease.ts';
import type { Term } from './term.ts';

/** What the log says of ends of terms. */
const ends: { epoch: number; reason?: string }[] = [];
const logger = pino(
  {},
  {
    write: (line: string) =>
      void (
        /leads no more|lost its lease/.test(line) && ends.push(JSON.parse(line) as (typeof ends)[number])
      ),
  },
);
const hubId = HubId.parse(randomUUID());
const candidate = (): Candidate => ({
  ...{ process: randomUUID(), hubId, url: 'http://127.0.0.1:8000' },
  secret: 'secret-of-this-hub-and-no-other',
});
/** Nothing in these tests lasts as long, on the busiest machine. */
const longMs = 600_000;

if (redisMissing !== undefined) test.skip(redisMissing, () => undefined);

describe.skipIf(redisMissing !== undefined)('with a real Redis', () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let redis: RedisConnection;
  const connect = (): Promise<RedisConnection> =>
    connectRedis({ logger }, { url: server.url, patienceMs: 60_000, signal: new AbortController().signal });
  beforeAll(async () => {
    server = await startRedis();
    redis = await connect();
    return async () => {
      redis.close();
      await server[Symbol.asyncDispose]();
    };
  });
  beforeEach(async () => {
    ends.length = 0;
    await redis.ask((client) => client.flushAll());
  });

  test('one hub has the lease, until it gives it back or is silent', async () => {
    const [one, two] = [candidate(), candidate()];
    const lease = redisLease(redis, longMs);
    expect(await lease.take(one, 0)).toBe(1);
    expect(await lease.take(two, 0)).toBeUndefined();
    expect(await lease.read()).toEqual({ ...one, epoch: 1, serves: false });
    const held = { ...one, epoch: 1, serves: true };
    expect(await lease.keep(held)).toBe(true);
    expect(await lease.read()).toEqual(held);
    await lease.giveBack(held);
    expect(await lease.read()).toBeUndefined();

    expect(await redisLease(redis, 1).take(two, 0)).toBe(2);
    await expect.poll(() => lease.read()).toBeUndefined();
    expect(await lease.take(one, 0)).toBe(3);
    // The one that was silent is too late, and takes nothing from its successor.
    const late = { ...two, epoch: 2, serves: true };
    expect(await lease.keep(late)).toBe(false);
    await lease.giveBack(late);
    expect(await lease.read()).toMatchObject({ epoch: 3 });
  });

  test('a Redis that lost everything hears from the leader again, and counts on from what the database knows', async () => {
    const lease = redisLease(redis, longMs);
    const one = candidate();
    const epoch = (await lease.take(one, 6)) ?? 0;
    expect(epoch).toBe(7);
    await redis.ask((client) => client.flushAll());
    expect(await lease.keep({ ...one, epoch, serves: true })).toBe(true);
    await lease.giveBack({ ...one, epoch, serves: true });
    // Another led since, and stopped: the former one does not lead again by its old epoch.
    expect(await lease.take(candidate(), 0)).toBe(8);
    await lease.giveBack({ ...one, epoch: 8, serves: true });
    expect(await lease.keep({ ...one, epoch, serves: true })).toBe(false);
  });

  test('what only one may do at a time, one does after the other', async () => {
    const { signal } = new AbortController();
    let inside = 0;
    const work = async (): Promise<number> => {
      expect(++inside).toBe(1);
      await redis.ask((client) => client.ping());
      return --inside;
    };
    await Promise.all([1, 2, 3].map(() => redisAlone(redis, signal, work)));
    expect(inside).toBe(0);
  });

  test('hubs know which of them are there, until one says that it goes', async () => {
    const [one, two] = ['http://127.0.0.1:8001', 'http://127.0.0.1:8002'].map(
      (url) => new HubsPresent(redis, url, 500),
    );
    one?.start();
    two?.start();
    await expect.poll(() => two?.urls).toEqual(['http://127.0.0.1:8001', 'http://127.0.0.1:8002']);
    await one?.stop();
    await expect.poll(() => two?.urls).toEqual(['http://127.0.0.1:8002']);
    await two?.stop();
  });

  test('a Redis that stands still does not answer, though its connections are open', async () => {
    const { signal } = new AbortController();
    const own = await connectRedis({ logger }, { url: server.url, patienceMs: 100, silentMs: 200, signal });
    const ask = (): Promise<boolean> =>
      own
        .ask((client) => client.ping())
        .then(
          () => own.answers,
          () => own.answers,
        );
    server.child.kill('SIGSTOP');
    await expect.poll(ask).toBe(false);
    expect(own.connectedAt).toBeDefined();
    server.child.kill('SIGCONT');
    await expect.poll(ask).toBe(true);
    own.close();
  });

  /** A hub that leads where it can, and tells when. */
  function hub(
    begin?: (term: Term) => void,
    beginning: Promise<void> = Promise.resolve(),
  ): {
    leadership: Leadership;
    board: LeaderBoard;
    terms: Term[];
    ended: boolean[];
    database: { epoch: number };
  } {
    const board = new LeaderBoard();
    const [terms, ended]: [Term[], boolean[]] = [[], []];
    const database = { epoch: 0 };
    const leadership = new Leadership(
      {
        ...{ lease: redisLease(redis, longMs), redis, board, logger },
        begin: async (term) => {
          begin?.(term);
          terms.push(term);
          await beginning;
          return {
            highestEpoch: () => Promise.resolve(database.epoch),
            end: (isLost) => Promise.resolve(void ended.push(isLost)),
          };
        },
        failed: () => undefined,
      },
      { candidate: candidate(), leaseMs: longMs },
    );
    leadership.start();
    return { leadership, board, terms, ended, database };
  }

  test('one hub leads, the others follow, and the next one leads as soon as that one stops', async () => {
    const first = hub();
    await expect.poll(() => first.board.serving?.epoch).toBe(1);
    const second = hub();
    await expect.poll(() => second.board.serving?.epoch).toBe(1);
    await first.leadership.stop();
    expect(first.ended).toEqual([false]);
    await expect.poll(() => second.board.serving?.epoch).toBe(2);
    // Who stops still sees who leads, for those that it has to answer.
    await expect.poll(() => first.board.serving?.epoch).toBe(2);
    expect(ends).toMatchObject([{ epoch: 1, msg: expect.stringContaining('it stops') as string }]);
    await Promise.all([first.leadership.close(), second.leadership.close()]);
    expect(first.terms).toHaveLength(1);
  });

  test('a hub whose lease another took leads no more', async () => {
    const { board, terms, ended, leadership } = hub();
    await expect.poll(() => board.serving?.epoch).toBe(1);
    await redis.ask((client) => client.hSet('{potluck}:leader', 'epoch', '2'));
    expect(await terms[0]?.confirm()).toBe(false);
    await expect.poll(() => ended).toEqual([true]);
    expect(ends).toMatchObject([{ epoch: 1, reason: 'another hub leads now' }]);
    await leadership.close();
  });

  test('a hub that loses its lease while it starts says so once, and what to do', async () => {
    const beginning = Promise.withResolvers<void>();
    const { terms, ended, leadership } = hub(undefined, beginning.promise);
    await expect.poll(() => terms).toHaveLength(1);
    await redis.ask((client) => client.hSet('{potluck}:leader', 'epoch', '2'));
    expect(await terms[0]?.confirm()).toBe(false);
    beginning.resolve();
    await expect.poll(() => ended).toEqual([true]);
    expect(ends).toMatchObject([{ epoch: 1, msg: expect.stringContaining('--lease-seconds') as string }]);
    await leadership.close();
  });

  test('a database that knows a later leader is led in a later epoch', async () => {
    const { board, leadership } = hub(({ record }) => {
      if (record.epoch < 5) throw new HigherEpochError(4);
    });
    await expect.poll(() => board.serving?.epoch).toBe(5);
    expect(ends).toMatchObject([{ epoch: 1, highest: 4 }]);
    await leadership.close();
  });

  test('while Redis is away, whoever leads goes on until the database knows another, and nobody takes over', async () => {
    const { board, terms, ended, database, leadership } = hub();
    const other = await connect();
    await expect.poll(() => board.serving?.epoch).toBe(1);
    await server.kill();
    database.epoch = 1;
    expect(await terms[0]?.confirm()).toBe(true);
    await expect(redisLease(other, longMs).take(candidate(), 0)).rejects.toThrow();
    database.epoch = 2;
    expect(await terms[0]?.confirm()).toBe(false);
    await expect.poll(() => ended).toEqual([true]);
    await server.start();
    await expect.poll(() => redis.connectedAt).toBeDefined();
    expect(redis.lost).toBeGreaterThan(0);
    other.close();
    await leadership.close();
  });
});

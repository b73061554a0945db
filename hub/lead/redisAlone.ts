/** Does something that only one hub at a time may do, such as making what all of them share. */
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { RedisConnection } from './redisConnection.ts';

const key = '{potluck}:setup';
/** A hub that was killed meanwhile keeps others waiting for that long, in milliseconds. */
const longestMs = 20_000;
const askAgainMs = 50;

const giveBack = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;

/** @param signal ends the waiting */
export async function redisAlone<T>(
  redis: RedisConnection,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const own = randomUUID();
  const take = (): Promise<string | null> =>
    redis.ask((client) =>
      client.set(key, own, { condition: 'NX', expiration: { type: 'PX', value: longestMs } }),
    );
  while ((await take().catch(() => null)) === null) {
    await setTimeout(askAgainMs, undefined, { signal });
  }
  try {
    return await work();
  } finally {
    await redis
      .ask((client) => client.eval(giveBack, { keys: [key], arguments: [own] }))
      .catch(() => undefined);
  }
}

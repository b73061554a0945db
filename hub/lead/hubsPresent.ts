/** Which of several hubs are there: each says so in Redis, again and again. */
import type { RedisConnection } from './redisConnection.ts';

const key = '{potluck}:hubs';
const defaultEveryMs = 5000;
/** A hub that has said nothing for so many times `everyMs` is gone. */
const mostMissed = 3;

// By the clock of Redis: those of the hubs may differ.
const sayScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZRANGE', KEYS[1], 0, -1)`;

export class HubsPresent {
  readonly #redis: Pick<RedisConnection, 'ask'>;
  readonly #url: string;
  readonly #everyMs: number;
  #urls: readonly string[];
  #timer: NodeJS.Timeout | undefined;
  #hasStopped = false;

  /** @param url where the other hubs reach this one @param everyMs how often it says that it is there, in milliseconds */
  constructor(redis: Pick<RedisConnection, 'ask'>, url: string, everyMs = defaultEveryMs) {
    this.#redis = redis;
    this.#url = url;
    this.#everyMs = everyMs;
    this.#urls = [url];
  }

  /** Where they are, this one among them, as Redis said last. */
  get urls(): readonly string[] {
    return this.#urls;
  }

  /** Says that this one is there, and goes on saying so. */
  start(): void {
    void this.#say().finally(() => {
      if (!this.#hasStopped) this.#timer = setTimeout(() => this.start(), this.#everyMs).unref();
    });
  }

  /** Says that this one goes. */
  async stop(): Promise<void> {
    this.#hasStopped = true;
    clearTimeout(this.#timer);
    await this.#redis.ask((client) => client.zRem(key, this.#url)).catch(() => undefined);
  }

  async #say(): Promise<void> {
    try {
      const given = [this.#url, String(this.#everyMs * mostMissed)];
      const found = await this.#redis.ask((client) =>
        client.eval(sayScript, { keys: [key], arguments: given }),
      );
      if (Array.isArray(found)) this.#urls = found.map(String).toSorted();
    } catch {
      // The connection says what is wrong with Redis.
    }
  }
}

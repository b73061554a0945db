/** The connection to the Redis that several hubs share. */
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../errors/messageOf.ts';
import { withoutSecrets } from './redisUrl.ts';

type Client = Awaited<ReturnType<typeof makeClient>>;

export interface RedisConnection {
  /** When the connection began that is open now, by `performance.now()`; undefined while there is none. */
  readonly connectedAt: number | undefined;
  /** False while there is no connection, and while nothing comes back that is asked: a Redis that stands still keeps its connections. */
  readonly answers: boolean;
  /** How often it was lost. */
  readonly lost: number;
  /** @throws Error where Redis does not answer in time, or refuses */
  ask<T>(question: (client: Client) => Promise<T>): Promise<T>;
  close(): void;
}

export interface RedisInit {
  url: string;
  /** How long an answer may take, in milliseconds. */
  patienceMs: number;
  /** How long Redis may have answered nothing before it counts as silent, in milliseconds. Default 5000. */
  silentMs?: number;
  /** Ends the waiting for the first connection. */
  signal: AbortSignal;
}

const longestDelayMs = 1000;
const sayAgainMs = 10_000;
/** More than a busy machine takes. */
const defaultSilentMs = 5000;

/**
 * Connects, and waits as long as that takes; what is lost later comes back by itself.
 * @throws the signal's reason
 */
export async function connectRedis(
  { logger }: { logger: Logger },
  { url, patienceMs, silentMs = defaultSilentMs, signal }: RedisInit,
): Promise<RedisConnection> {
  const shown = withoutSecrets(url);
  const state: { connectedAt: number | undefined; lost: number; isLate: boolean; heardAt: number } = {
    ...{ connectedAt: undefined, lost: 0, isLate: false, heardAt: -Infinity },
  };
  let saidAt = -Infinity;
  const client = await makeClient(url);
  client.on('error', (error: Error) => {
    if (state.connectedAt !== undefined) {
      state.lost++;
      saidAt = -Infinity;
    }
    state.connectedAt = undefined;
    if (performance.now() - saidAt < sayAgainMs) return;
    saidAt = performance.now();
    logger.warn({ redis: shown, reason: reasonOf(error) }, 'Redis does not answer; the hub tries again');
  });
  client.on('ready', () => {
    state.connectedAt = state.heardAt = performance.now();
    state.isLate = false;
    logger.info({ redis: shown }, 'connected to Redis');
  });
  const onAbort = (): void => client.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await client.connect();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  signal.throwIfAborted();
  return {
    get connectedAt() {
      return state.connectedAt;
    },
    get lost() {
      return state.lost;
    },
    get answers() {
      if (state.connectedAt === undefined) return false;
      return !state.isLate || performance.now() - state.heardAt < silentMs;
    },
    ask: async (question) => {
      const asked = question(client);
      asked.then(
        () => Object.assign(state, { isLate: false, heardAt: performance.now() }),
        () => undefined,
      );
      return inTime(asked, patienceMs, () => (state.isLate = true));
    },
    close: () => client.destroy(),
  };
}

async function makeClient(url: string) {
  // Most hubs have no Redis: loading its client is a tenth of the time that a hub takes to start.
  const { createClient } = await import('@redis/client');
  return createClient({
    url,
    disableOfflineQueue: true,
    socket: {
      connectTimeout: 5000,
      reconnectStrategy: (tries) => Math.min(longestDelayMs, 50 * 2 ** Math.min(tries, 10)),
    },
  });
}

/** A Redis whose machine is gone says nothing at all. */
async function inTime<T>(answer: Promise<T>, patienceMs: number, onLate: () => void): Promise<T> {
  const ending = new AbortController();
  const late = setTimeout(patienceMs, undefined, { signal: ending.signal, ref: false }).then(() => {
    onLate();
    throw new Error(`Redis did not answer within ${patienceMs} ms`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    answer.catch(() => undefined);
    ending.abort();
  }
}

/** An attempt at several addresses fails with an error that has no words of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return messageOf(error);
}

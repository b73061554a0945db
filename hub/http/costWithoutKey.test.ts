/** What somebody who shows no key costs the hub at each open door, in processor time of the thread that serves everybody. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { workerSocketPath } from '@potluck/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { elsewhere } from '../testing/apiClient.ts';
import type { StrangerOrder } from '../testing/strangerThread.ts';
import { startTestHub, type TestHub } from '../testing/testHub.ts';

/** What one request may take; on a busy machine it was seen to take a fifth of it. */
const mostMs = 5;
const count = 20;
/** As long as a body may be that comes without a key. */
const bodyBytes = 64 * 1024;

let hub: TestHub;
let stranger: Worker;
beforeAll(async () => {
  hub = await startTestHub({ databaseThreads: true });
  stranger = new Worker(new URL('../testing/strangerThread.ts', import.meta.url));
  await once(stranger, 'message');
});
afterAll(async () => {
  await stranger.terminate();
  await hub.close();
});

/** Other programs run, too, and share caches and cores: the first round that is cheap enough counts. */
const mostRounds = 12;

/** What one of many alike costs, in milliseconds, in the cheapest round. */
async function costOf(order: Omit<StrangerOrder, 'count'>): Promise<{ ms: number; statuses: number[] }> {
  let cheapest = { ms: Infinity, statuses: [] as number[] };
  for (let round = 0; round < mostRounds && cheapest.ms >= mostMs; round++) {
    const before = process.threadCpuUsage();
    stranger.postMessage({ ...order, count } satisfies StrangerOrder);
    const [statuses] = (await once(stranger, 'message')) as [number[]];
    const { user, system } = process.threadCpuUsage(before);
    const ms = (user + system) / 1000 / count;
    if (ms < cheapest.ms) cheapest = { ms, statuses };
  }
  return cheapest;
}

const filled = (piece: string, bytes = bodyBytes - 100): string => piece.repeat(bytes / piece.length);
const bodies: [string, string][] = [
  ['numbers', `[${filled('0,')}0]`],
  ['objects', `[${filled('{},')}0]`],
  ['arrays within arrays', `${filled('[', bodyBytes / 2)}${filled(']', bodyBytes / 2)}`],
  ['text', `{"password":"${filled('x')}"}`],
];
const doors = [
  ['POST', '/api/session'],
  ['PUT', '/api/session/password'],
  ['POST', '/api/keys'],
  ['POST', '/v1/chat/completions'],
  ['POST', '/v1/nowhere'],
  ['GET', '/api/requests'],
] as const;

test.each(doors)('%s %s costs little without a key, whatever it carries', async (method, path) => {
  for (const [what, body] of method === 'GET' ? ([['nothing', '']] as const) : bodies) {
    const headers = {
      ...elsewhere,
      'content-type': 'application/json',
      authorization: `Bearer ${filled('k', 8000)}`,
    };
    const request = { method, headers, ...(body === '' ? {} : { body }) };
    const { ms, statuses } = await costOf({ url: `${hub.url}${path}`, request });
    expect(Math.min(...statuses), `${what} at ${path}`).toBeGreaterThanOrEqual(400);
    expect(Math.max(...statuses), `${what} at ${path}`).toBeLessThan(500);
    expect(ms, `milliseconds for ${what} at ${path}`).toBeLessThan(mostMs);
  }
});

test('a message of somebody unknown to the control socket costs little', async () => {
  for (const [what, body] of bodies) {
    const url = `${hub.url.replace('http', 'ws')}${workerSocketPath}`;
    const { ms, statuses } = await costOf({ url, socketMessage: `{"type":"hello","token":${body}}` });
    expect(new Set(statuses).size).toBe(1);
    expect(ms, `milliseconds for ${what}`).toBeLessThan(mostMs);
  }
});

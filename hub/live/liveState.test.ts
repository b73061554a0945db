import type { LiveEvent } from '@potluck/api';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LiveState, type LiveKind, type LiveKinds } from './liveState.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** Requests that look different each time. */
function changing(count: number): { live: LiveState; published: LiveEvent[]; touchAll: () => void } {
  const published: LiveEvent[] = [];
  let tokens = 0;
  const none: LiveKind<never> = { keys: () => [], view: () => undefined, changed: (view) => view };
  const requests = {
    keys: () => Array.from({ length: count }, (_, index) => String(index)),
    view: (id: string) => ({ id, completionTokens: ++tokens }),
    changed: (request: object) => ({ type: 'request', request }),
  } as unknown as LiveKinds['requests'];
  const kinds: LiveKinds = { nodes: none, deployments: none, models: none, imports: none, requests };
  const live = new LiveState({ kinds, publish: (event) => published.push(event) });
  return { live, published, touchAll: () => live.touchAll('requests') };
}

async function fiveSeconds(touchAll: () => void): Promise<void> {
  for (let ms = 0; ms < 5000; ms += 50) {
    touchAll();
    await vi.advanceTimersByTimeAsync(50);
  }
}

test('one request that changes all the time is told several times a second', async () => {
  const { published, touchAll } = changing(1);
  await fiveSeconds(touchAll);
  expect(published.length).toBeGreaterThan(20);
});

test('hundreds that change all the time make some hundred events a second, and each is told', async () => {
  const { published, touchAll } = changing(300);
  await fiveSeconds(touchAll);
  expect(published.length).toBeLessThan(5 * 500 + 300);
  const told = new Set(published.map((event) => (event as { request: { id: string } }).request.id));
  expect(told.size).toBe(300);
});

test('once stopped, it tells neither what changes nor what ends', async () => {
  const { live, published, touchAll } = changing(1);
  touchAll();
  live.stop();
  touchAll();
  live.end('nodes', 'a', { type: 'node-left', id: 'a', name: 'a', reason: 'the hub stops' });
  await vi.advanceTimersByTimeAsync(5000);
  expect(published).toEqual([]);
});

test('what changed first is told first, whatever was told before', async () => {
  const told: string[] = [];
  const kindOf = (name: string): LiveKind<string> => ({
    keys: () => [],
    view: (key) => `${name} ${key} ${told.length}`,
    changed: (view) => ({ type: view }) as unknown as LiveEvent,
  });
  const names = ['nodes', 'deployments', 'models', 'imports', 'requests'] as const;
  const kinds = Object.fromEntries(names.map((name) => [name, kindOf(name)])) as unknown as LiveKinds;
  const live = new LiveState({ kinds, publish: ({ type }) => void told.push(type) });
  for (const [first, second] of [
    ['deployments', 'imports'],
    ['imports', 'deployments'],
  ] as const) {
    told.length = 0;
    live.touch(first, 'a');
    live.touch(second, 'a');
    live.touch(first, 'b');
    live.touch(first, 'a');
    await vi.advanceTimersByTimeAsync(5000);
    expect(told.map((type) => type.slice(0, -2))).toEqual([`${first} a`, `${second} a`, `${first} b`]);
  }
});

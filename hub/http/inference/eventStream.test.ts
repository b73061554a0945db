import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { eventStream, type SendEvent } from './eventStream.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const options = { headers: {}, onCancel: () => undefined, onUnread: (): [string] => ['too slow'] };

test('silence is filled with comments, from before the first event on', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const response = eventStream(async (send) => {
    await promise;
    send('{}');
  }, options);
  vi.advanceTimersByTime(11_000);
  resolve();
  expect(await response.text()).toBe(': ping\n\n: ping\n\ndata: {}\n\n');
});

test('a reader that goes away is told of once, and what comes later goes nowhere', async () => {
  const cancelled = vi.fn();
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const response = eventStream(
    async (send) => {
      await promise;
      send('late');
      done.resolve();
    },
    { ...options, onCancel: cancelled },
  );
  await response.body?.cancel();
  resolve();
  await done.promise;
  vi.advanceTimersByTime(60_000);
  expect(cancelled).toHaveBeenCalledOnce();
});

test('signs at which some clients end a line are escaped', async () => {
  const response = eventStream(async (send) => send(JSON.stringify('a\u2028b\u0085c')), options);
  expect(await response.text()).toBe('data: "a\\u2028b\\u0085c"\n\n');
});

test('of an answer that nobody reads, no more is kept than the limit; the last event says so', async () => {
  const onUnread = vi.fn((): [string] => ['too slow']);
  const sent = Promise.withResolvers<void>();
  const response = eventStream(
    async (send) => {
      for (let index = 0; index < 5000; index++) send('x'.repeat(1000));
      sent.resolve();
    },
    { ...options, onUnread },
  );
  await sent.promise;
  const text = await response.text();
  expect(text.length).toBeLessThan(300_000);
  expect(text).toMatch(/x\n\ndata: too slow\n\n$/);
  expect(onUnread).toHaveBeenCalledOnce();
});

test('a reader of several answers goes on with each where it was', async () => {
  const produce = async (send: SendEvent, sendLast: (data: string) => void): Promise<void> => {
    for (const [text, answer] of [
      ['a1', 0],
      ['b1', 1],
      ['b2', 1],
      ['a2', 0],
    ] as const)
      send(text, undefined, answer);
    send('both');
    sendLast('error');
  };
  const all = await eventStream(produce, { ...options, answers: 2, eventsRead: [0] }).text();
  expect(all).toBe(
    'id: 1.0\ndata: a1\n\nid: 1.1\ndata: b1\n\nid: 1.2\ndata: b2\n\nid: 2.2\ndata: a2\n\nid: 3.2\ndata: both\n\ndata: error\n\n',
  );
  const rest = await eventStream(produce, { ...options, answers: 2, eventsRead: [1, 1] }).text();
  expect(rest).toBe('id: 1.2\ndata: b2\n\nid: 2.2\ndata: a2\n\nid: 3.2\ndata: both\n\ndata: error\n\n');
});

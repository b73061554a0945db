/** The hubs are what each test says; time is faked. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { firstSocket } from './firstSocket.ts';
import type { HubSocketEvents } from './hubSocket.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open() {
  const tries: { events: HubSocketEvents; sent: unknown[]; isClosed: boolean }[] = [];
  const told: string[] = [];
  const socket = firstSocket((_url, events) => {
    const one = { events, sent: [] as unknown[], isClosed: false };
    tries.push(one);
    return { send: (data) => void one.sent.push(data), close: () => void (one.isClosed = true) };
  })('ws://hubs.test', {
    onOpen: () => told.push('open'),
    onText: (text) => told.push(text),
    onBinary: () => told.push('binary'),
    onClosed: (reason) => told.push(`closed: ${reason}`),
  });
  return { tries, told, socket };
}

test('a hub that does not answer does not keep from another, and what it says later is not heard', () => {
  const { tries, told, socket } = open();
  vi.advanceTimersByTime(1600);
  expect(tries).toHaveLength(2);
  tries[1]?.events.onOpen();
  tries[1]?.events.onText('welcome');
  socket.send('hello');
  tries[0]?.events.onOpen();
  tries[0]?.events.onText('late');
  tries[0]?.events.onClosed('late');
  expect(told).toEqual(['open', 'welcome']);
  expect(tries.map(({ sent, isClosed }) => [sent, isClosed])).toEqual([
    [[], true],
    [['hello'], false],
  ]);
  tries[1]?.events.onClosed('the hub stops');
  expect(told.at(-1)).toBe('closed: the hub stops');
  expect(vi.getTimerCount()).toBe(0);
});

test('the connection is closed once none of the tries is left, and tries are few', () => {
  const { tries, told } = open();
  vi.advanceTimersByTime(60_000);
  expect(tries).toHaveLength(4);
  for (const { events } of tries) events.onClosed('refused');
  expect(told).toEqual(['closed: refused']);
});

test('a hub that refuses at once is told at once', () => {
  const { tries, told } = open();
  tries[0]?.events.onClosed('refused');
  expect(told).toEqual(['closed: refused']);
  vi.advanceTimersByTime(60_000);
  expect(tries).toHaveLength(1);
});

test('a connection that is given up closes all of its tries, whose end is not told', () => {
  const { tries, told, socket } = open();
  vi.advanceTimersByTime(1600);
  socket.close();
  for (const { events } of tries) events.onClosed('given up');
  expect(tries.every(({ isClosed }) => isClosed)).toBe(true);
  expect(told).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

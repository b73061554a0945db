/** When a hub is given up. The hub is what each test says; time is faked. */
import { randomUUID } from 'node:crypto';
import { HubId, protocolVersion, type FromHubMessage, type Welcome } from '@potluck/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HubConnection } from './hubConnection.ts';
import type { HubSocketEvents } from './hubSocket.ts';

const none = (): undefined => undefined;
let logged: string[] = [];
const log = {
  ...{ debug: none, info: none, error: none },
  warn: (fields: object, message: string) => void logged.push(`${message}: ${Object.values(fields).join()}`),
};

beforeEach(() => {
  logged = [];
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

const theWelcome = (leaderEpoch?: number): Welcome => ({
  ...{ type: 'welcome', protocolVersion, hubId: HubId.parse(randomUUID()), leaseMs: 15_000 },
  ...{
    signalling: { path: '/peerjs', key: 'potluck', token: 'signalling' },
    iceServers: [],
    forceRelay: true,
  },
  ...(leaderEpoch !== undefined && { leaderEpoch }),
});

function connect() {
  const tries: { events: HubSocketEvents; at: number }[] = [];
  const sent: string[] = [];
  const away: string[] = [];
  const grid: { leaderEpoch: number | undefined; asked: number } = { leaderEpoch: undefined, asked: 0 };
  const connection = new HubConnection(
    {
      openSocket: (_, events) => {
        tries.push({ events, at: performance.now() });
        return { send: (data) => void sent.push(String(data)), close: none };
      },
      leaderEpoch: () => {
        grid.asked++;
        return Promise.resolve(grid.leaderEpoch);
      },
      log,
      random: () => 0,
    },
    { hubUrl: 'http://127.0.0.1:1', hello: () => Promise.reject(new Error('nobody listens')) },
    {
      ...{
        onWelcome: none,
        onMessage: none,
        onRelay: none,
        onLost: none,
        onLeaseEnded: none,
        onRefused: none,
      },
      onAway: (reason) => away.push(reason),
    },
  );
  connection.start();
  /** The hub answers the latest try. */
  const welcome = (message: Welcome): void => {
    const { events } = tries.at(-1) ?? {};
    events?.onOpen();
    events?.onText(JSON.stringify(message));
  };
  return { connection, tries, away, grid, welcome, sent };
}

test('a hub that does not answer is tried again with growing patience, and is given long once its connection is open', async () => {
  const { connection, tries, away, welcome } = connect();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(away).toEqual([5000, 10_000, 20_000, 20_000].map((ms) => `no welcome within ${ms} ms`));
  tries.at(-1)?.events.onOpen();
  await vi.advanceTimersByTimeAsync(19_000);
  expect(away).toHaveLength(4);
  welcome(theWelcome());
  expect(connection.connected).toBe(true);
  // It was there: the next time, patience grows anew.
  tries.at(-1)?.events.onClosed('the hub was stopped');
  await vi.advanceTimersByTimeAsync(6000);
  expect(away.slice(4)).toEqual(['the hub was stopped', 'no welcome within 5000 ms']);
  connection.stop();
});

test('one of several hubs that is silent is left once another one leads, and not before', async () => {
  const { connection, tries, away, grid, welcome } = connect();
  welcome(theWelcome(3));
  await vi.advanceTimersByTimeAsync(5000);
  expect(grid.asked).toBe(0);
  grid.leaderEpoch = 3;
  await vi.advanceTimersByTimeAsync(4000);
  expect(grid.asked).toBeGreaterThan(1);
  expect(connection.connected).toBe(true);
  grid.leaderEpoch = 4;
  await vi.advanceTimersByTimeAsync(1000);
  expect(away).toEqual(['this hub is silent, and another one leads']);
  await vi.advanceTimersByTimeAsync(1000);
  expect(tries).toHaveLength(2);
  connection.stop();
});

test('a hub that gives a longer lease is told less often that the worker is here, and is left no later where another one leads', async () => {
  const { connection, tries, away, grid, welcome, sent } = connect();
  welcome({ ...theWelcome(3), wordEveryMs: 5000 });
  const hear = (message: FromHubMessage): void => tries.at(-1)?.events.onText(JSON.stringify(message));
  await vi.advanceTimersByTimeAsync(5000);
  expect(sent).toHaveLength(1);
  hear({ type: 'renewed', leaseMs: 60_000 });
  for (let second = 5; second < 60; second += 5) {
    await vi.advanceTimersByTimeAsync(5000);
    hear({ type: 'renewed' });
  }
  // After 25 and 45 seconds.
  expect(sent).toHaveLength(3);
  expect(grid.asked).toBe(0);
  grid.leaderEpoch = 4;
  await vi.advanceTimersByTimeAsync(7000);
  expect(away).toEqual(['this hub is silent, and another one leads']);
  connection.stop();
});

test('a hub alone, or one that says something, is not asked who leads', async () => {
  const { connection, tries, grid, welcome } = connect();
  grid.leaderEpoch = 4;
  welcome(theWelcome());
  await vi.advanceTimersByTimeAsync(14_000);
  tries.at(-1)?.events.onClosed('the connection to the hub closed');
  await vi.advanceTimersByTimeAsync(1000);
  welcome(theWelcome(3));
  for (let second = 0; second < 30; second += 5) {
    await vi.advanceTimersByTimeAsync(5000);
    tries.at(-1)?.events.onText(JSON.stringify({ type: 'renewed' }));
  }
  expect(grid.asked).toBe(0);
  expect(connection.connected).toBe(true);
  connection.stop();
});

test('each reason why the hub can not be reached is logged once, until the hub is back', async () => {
  const { connection, tries, welcome } = connect();
  const fail = async (reason: string): Promise<void> => {
    tries.at(-1)?.events.onClosed(reason);
    await vi.advanceTimersToNextTimerAsync();
  };
  welcome(theWelcome());
  for (const reason of ['stopped', 'refused', 'refused', 'another certificate', 'refused'])
    await fail(reason);
  welcome(theWelcome());
  await fail('stopped');
  expect(logged).toEqual([
    'lost the hub; trying to reach it again: stopped',
    'cannot reach the hub; trying again: refused',
    'cannot reach the hub; trying again: another certificate',
    'lost the hub; trying to reach it again: stopped',
  ]);
  connection.stop();
});

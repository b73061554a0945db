import { randomUUID } from 'node:crypto';
import { InstanceId, WorkerId, protocolVersion, type Assign, type Hello } from '@potluck/protocol';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WorkerRegistry, type WorkerSocket } from './workerRegistry.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const hello: Hello = {
  type: 'hello',
  protocolVersion,
  token: 'join',
  workerId: WorkerId.parse(randomUUID()),
  instanceId: InstanceId.parse(randomUUID()),
  name: 'laptop',
  kind: 'node',
  version: 'test',
  device: { kind: 'cpu', description: 'none', float16: false },
  memoryBytes: 1e9,
  cachedBlobs: [],
};

/** A registry with one worker that has said nothing since it joined. @param init.used workers that have a stage */
function registryWithWorker(
  isPaused = false,
  { used = [], wordEveryMs }: { used?: WorkerId[]; wordEveryMs?: number } = {},
) {
  const said: { type: string; leaseMs?: number }[] = [];
  const socket: WorkerSocket = {
    sendText: (text) => void said.push(JSON.parse(text) as { type: string }),
    sendBinary: (_bytes, sent) => sent(),
    pause: () => undefined,
    resume: () => undefined,
    isPaused: () => isPaused,
    close: () => undefined,
  };
  const workers = new WorkerRegistry(
    { logger: pino({ level: 'silent' }), areNeighbours: () => true, isUsed: (id) => used.includes(id) },
    { leaseMs: 15_000, ...(wordEveryMs !== undefined && { wordEveryMs }) },
  );
  const reasons: string[] = [];
  workers.listen({ left: ({ id }, reason) => void (id === hello.workerId && reasons.push(reason)) });
  workers.join(hello, socket, { name: hello.name, joinTokenId: 'hub' });
  return { workers, socket, reasons, said };
}

/** So many more workers join, and say nothing. */
function join(workers: WorkerRegistry, socket: WorkerSocket, count: number): void {
  const others = { ...socket, sendText: () => undefined };
  for (let index = 0; index < count; index++)
    workers.join({ ...hello, workerId: WorkerId.parse(randomUUID()) }, others, {
      name: `other ${index}`,
      joinTokenId: 'hub',
    });
}

test('a worker that is doubted and gives no sign of life is gone before its lease ends', () => {
  const { workers, reasons } = registryWithWorker();
  vi.advanceTimersByTime(1_000);
  workers.doubt(hello.workerId);
  vi.advanceTimersByTime(2_200);
  expect(reasons).toEqual([]);
  vi.advanceTimersByTime(110);
  expect(reasons).toEqual(['nothing was heard from it for 3300 ms']);
  // Nobody looks any more.
  expect(vi.getTimerCount()).toBe(0);
});

test('a worker that is doubted and talks to the hub stays', () => {
  const { workers, socket, reasons } = registryWithWorker();
  vi.advanceTimersByTime(7_000);
  workers.doubt(hello.workerId);
  vi.advanceTimersByTime(1_900);
  workers.heard(hello.workerId, socket, { type: 'renew' });
  vi.advanceTimersByTime(10_000);
  expect(reasons).toEqual([]);
});

test('a worker whose messages the hub itself leaves unread is not gone', () => {
  const { workers, reasons } = registryWithWorker(true);
  vi.advanceTimersByTime(7_000);
  workers.doubt(hello.workerId);
  vi.advanceTimersByTime(5_000);
  expect(reasons).toEqual([]);
});

test('of two that were silent, the one that speaks while the other one’s end is dealt with stays', () => {
  const { workers, socket } = registryWithWorker();
  const other = { ...hello, workerId: WorkerId.parse(randomUUID()) };
  workers.join(other, socket, { name: other.name, joinTokenId: 'hub' });
  const gone: string[] = [];
  workers.listen({
    left: ({ id }) => {
      gone.push(id);
      workers.heard(other.workerId, socket, { type: 'renew' });
    },
  });
  vi.advanceTimersByTime(1_000);
  for (const { workerId } of [hello, other]) workers.doubt(workerId);
  vi.advanceTimersByTime(3_000);
  expect(gone).toEqual([hello.workerId]);
});

test('a lease ends its whole length after the last word, whenever that came', () => {
  const { workers, socket, reasons } = registryWithWorker();
  for (let second = 0; second < 40; second++) {
    workers.heard(hello.workerId, socket, { type: 'renew' });
    vi.advanceTimersByTime(1000);
  }
  workers.heard(hello.workerId, socket, { type: 'renew' });
  vi.advanceTimersByTime(14_990);
  expect(reasons).toEqual([]);
  vi.advanceTimersByTime(20);
  expect(reasons).toEqual(['nothing was heard from it for 15000 ms']);
  expect(vi.getTimerCount()).toBe(0);
});

test('one of many workers learns with its next sign of life that it may be silent for longer', () => {
  const { workers, socket, reasons, said } = registryWithWorker();
  join(workers, socket, 999);
  expect(workers.leaseMsOf(hello.workerId)).toBe(15_000);
  vi.advanceTimersByTime(14_000);
  workers.heard(hello.workerId, socket, { type: 'renew' });
  expect(said).toEqual([{ type: 'renewed', leaseMs: 60_000 }]);
  vi.advanceTimersByTime(59_900);
  expect(reasons).toEqual([]);
  vi.advanceTimersByTime(200);
  expect(reasons).toEqual(['nothing was heard from it for 60000 ms']);
});

test('one of many workers that has a stage may be silent no longer than one of few', () => {
  const { workers, socket, said } = registryWithWorker(false, { used: [hello.workerId] });
  join(workers, socket, 999);
  workers.heard(hello.workerId, socket, { type: 'renew' });
  expect(said).toEqual([{ type: 'renewed', leaseMs: 15_000 }]);
});

test('a worker that gets a stage has a short lease from then on, in which its silence until then does not count', () => {
  const { workers, socket, reasons, said } = registryWithWorker();
  join(workers, socket, 999);
  workers.heard(hello.workerId, socket, { type: 'renew' });
  vi.advanceTimersByTime(40_000);
  workers.send(hello.workerId, { type: 'assign' } as Assign);
  expect(said.slice(1)).toEqual([{ type: 'assign' }, { type: 'renewed', leaseMs: 15_000 }]);
  vi.advanceTimersByTime(14_900);
  expect(reasons).toEqual([]);
  vi.advanceTimersByTime(200);
  expect(reasons).toEqual(['nothing was heard from it for 15000 ms']);
});

test('workers of one of several hubs hear something in time, and nothing where something else was said', () => {
  const { workers, socket, said } = registryWithWorker(false, { wordEveryMs: 5000 });
  const types = (): string[] => said.splice(0).map(({ type }) => type);
  vi.advanceTimersByTime(4700);
  expect(types()).toEqual([]);
  vi.advanceTimersByTime(300);
  expect(types()).toEqual(['renewed']);
  vi.advanceTimersByTime(4000);
  workers.send(hello.workerId, { type: 'probe' });
  vi.advanceTimersByTime(4700);
  workers.heard(hello.workerId, socket);
  expect(types()).toEqual(['probe']);
  vi.advanceTimersByTime(300);
  expect(types()).toEqual(['renewed']);
  workers.stop();
  expect(vi.getTimerCount()).toBe(0);
});

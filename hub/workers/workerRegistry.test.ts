import { randomUUID } from 'node:crypto';
import { InstanceId, WorkerId, protocolVersion, type Hello } from '@potluck/protocol';
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

/** A registry with one worker that has said nothing since it joined. */
function registryWithWorker(isPaused = false) {
  const socket: WorkerSocket = {
    sendText: () => undefined,
    sendBinary: (_bytes, sent) => sent(),
    pause: () => undefined,
    resume: () => undefined,
    isPaused: () => isPaused,
    close: () => undefined,
  };
  const workers = new WorkerRegistry(
    { logger: pino({ level: 'silent' }), areNeighbours: () => true },
    { leaseMs: 15_000 },
  );
  const reasons: string[] = [];
  workers.listen({ left: (_worker, reason) => reasons.push(reason) });
  workers.join(hello, socket, { name: hello.name, joinTokenId: 'hub' });
  return { workers, socket, reasons };
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

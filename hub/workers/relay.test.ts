import { randomUUID } from 'node:crypto';
import { InstanceId, WorkerId, encodeRelay, protocolVersion, type Hello } from '@potluck/protocol';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Relay } from './relay.ts';
import { WorkerRegistry, type WorkerSocket } from './workerRegistry.ts';

class SlowSocket implements WorkerSocket {
  readonly unsent: (() => void)[] = [];
  #pauses = 0;
  get paused(): boolean {
    return this.#pauses > 0;
  }
  sendText(): void {}
  sendBinary(_bytes: Uint8Array, sent: () => void): void {
    this.unsent.push(sent);
  }
  pause(): void {
    this.#pauses++;
  }
  resume(): void {
    this.#pauses--;
  }
  isPaused(): boolean {
    return this.paused;
  }
  close(): void {}
}

function join(registry: WorkerRegistry, socket: WorkerSocket): WorkerId {
  const workerId = WorkerId.parse(randomUUID());
  const hello: Hello = {
    type: 'hello',
    protocolVersion,
    token: '',
    workerId,
    instanceId: InstanceId.parse(randomUUID()),
    name: 'test',
    kind: 'node',
    version: '',
    device: { kind: 'cpu', description: '', float16: false },
    memoryBytes: 0,
    cachedBlobs: [],
  };
  registry.join(hello, socket, { name: hello.name, joinTokenId: 'hub' });
  return workerId;
}

test('a sender is not read while its receiver lags behind, and read again when it caught up', () => {
  const registry = new WorkerRegistry(
    { logger: pino({ level: 'silent' }), areNeighbours: () => true },
    { leaseMs: 60_000 },
  );
  const [sender, other, receiver] = [new SlowSocket(), new SlowSocket(), new SlowSocket()];
  const [senderId, otherId, receiverId] = [sender, other, receiver].map((socket) => join(registry, socket));
  const relay = new Relay(registry, () => true);
  if (!senderId || !otherId || !receiverId) throw new Error('three workers joined');
  const message = encodeRelay(receiverId, new Uint8Array(60_000));
  let sent = 0;
  while (!sender.paused) {
    relay.forward(senderId, sender, message);
    sent++;
  }
  expect(sent).toBeLessThan(100);
  relay.forward(otherId, other, message);
  expect(other.paused).toBe(true);
  while (receiver.unsent.length > 1) receiver.unsent.shift()?.();
  expect([sender.paused, other.paused]).toEqual([false, false]);
  registry.stop();
});

test('slices between workers of different pipelines are dropped and counted', () => {
  const registry = new WorkerRegistry(
    { logger: pino({ level: 'silent' }), areNeighbours: () => true },
    { leaseMs: 60_000 },
  );
  const [sender, receiver] = [new SlowSocket(), new SlowSocket()];
  const [senderId, receiverId] = [join(registry, sender), join(registry, receiver)];
  const relay = new Relay(registry, () => false);
  relay.forward(senderId, sender, encodeRelay(receiverId, Uint8Array.of(1)));
  expect(receiver.unsent).toEqual([]);
  expect(relay.droppedSlices).toBe(1);
  registry.stop();
});

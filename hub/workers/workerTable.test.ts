import { randomUUID } from 'node:crypto';
import { InstanceId, Sha256, WorkerId } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { applyWorkerEvent, type WorkerRecord, type WorkerTable } from './workerTable.ts';

const record = (name: string): WorkerRecord => ({
  id: WorkerId.parse(randomUUID()),
  instanceId: InstanceId.parse(randomUUID()),
  name,
  reportedName: name,
  joinTokenId: 'hub',
  cachedBlobs: new Set(),
  kind: 'node',
  version: '1',
  device: { kind: 'cpu', description: 'test', float16: false },
  memoryBytes: 1e9,
  joinedAt: 0,
  load: { busy: 0, usedBytes: { weights: 0, caches: 0 } },
  isLeaving: false,
  peers: new Map(),
});
const empty: WorkerTable = new Map();

test('a worker that joined is there until it left', () => {
  const worker = record('one');
  const joined = applyWorkerEvent(empty, { type: 'joined', worker });
  expect(joined.get(worker.id)).toBe(worker);
  expect(empty.size).toBe(0);
  expect(applyWorkerEvent(joined, { type: 'left', workerId: worker.id }).size).toBe(0);
});

test('a link is kept with its worker and forgotten when the peer leaves', () => {
  const [one, other] = [record('one'), record('other')];
  let table = [one, other].reduce(
    (state, worker) => applyWorkerEvent(state, { type: 'joined', worker }),
    empty,
  );
  table = applyWorkerEvent(table, {
    type: 'peer-reported',
    workerId: one.id,
    report: { type: 'peer-report', peer: other.id, state: 'direct', roundTripMs: 2 },
  });
  expect(table.get(one.id)?.peers.get(other.id)).toEqual({ state: 'direct', roundTripMs: 2 });
  table = applyWorkerEvent(table, { type: 'left', workerId: other.id });
  expect(table.get(one.id)?.peers.size).toBe(0);
});

test('a report about a peer that is not there changes nothing', () => {
  const one = record('one');
  const table = applyWorkerEvent(empty, { type: 'joined', worker: one });
  const report = { type: 'peer-report', peer: WorkerId.parse(randomUUID()), state: 'lost' } as const;
  expect(applyWorkerEvent(table, { type: 'peer-reported', workerId: one.id, report })).toBe(table);
});

test('a tab’s presence is the last that it told', () => {
  const worker = record('tab');
  let table = applyWorkerEvent(empty, { type: 'joined', worker });
  table = applyWorkerEvent(table, { type: 'presence-changed', workerId: worker.id, presence: 'hidden' });
  expect(table.get(worker.id)).toEqual({ ...worker, presence: 'hidden' });
  const unknown = WorkerId.parse(randomUUID());
  const event = { type: 'presence-changed', workerId: unknown, presence: 'visible' } as const;
  expect(applyWorkerEvent(table, event)).toBe(table);
});

test('a worker’s load is all that it last told, what its process takes included', () => {
  const worker = record('one');
  const joined = applyWorkerEvent(empty, { type: 'joined', worker });
  const load = { busy: 0.5, usedBytes: { weights: 31e6, caches: 2e6 }, processBytes: 250e6 };
  const told = applyWorkerEvent(joined, { type: 'load-changed', workerId: worker.id, load });
  expect(told.get(worker.id)?.load).toEqual(load);
});

test('what a worker loaded is added to what it brought', () => {
  const [brought, loaded] = ['a', 'b'].map((digit) => Sha256.parse(digit.repeat(64))) as [Sha256, Sha256];
  const worker = { ...record('one'), cachedBlobs: new Set([brought]) };
  const table = applyWorkerEvent(applyWorkerEvent(empty, { type: 'joined', worker }), {
    type: 'blobs-cached',
    workerId: worker.id,
    blobs: [loaded],
  });
  expect(table.get(worker.id)?.cachedBlobs).toEqual(new Set([brought, loaded]));
});

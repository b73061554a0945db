import { randomUUID } from 'node:crypto';
import { InstanceId, Sha256, WorkerId } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { WorkerRecords, type WorkerRecord } from './workerTable.ts';

const record = (name: string): WorkerRecord => ({
  id: WorkerId.parse(randomUUID()),
  instanceId: InstanceId.parse(randomUUID()),
  name,
  reportedName: name,
  joinTokenId: 'hub',
  cachedBlobs: new Set(),
  heldStages: [],
  kind: 'node',
  version: '1',
  device: { kind: 'cpu', description: 'test', float16: false },
  memoryBytes: 1e9,
  joinedAt: 0,
  load: { busy: 0, usedBytes: { weights: 0, caches: 0 } },
  isLeaving: false,
  peers: new Map(),
});
/** With these workers. */
function recordsOf(...workers: WorkerRecord[]): WorkerRecords {
  const records = new WorkerRecords();
  for (const worker of workers) records.apply({ type: 'joined', worker });
  return records;
}

test('a worker that joined is there until it left', () => {
  const worker = record('one');
  const records = new WorkerRecords();
  const before = records.snapshot;
  records.apply({ type: 'joined', worker });
  const joined = records.snapshot;
  records.apply({ type: 'left', workerId: worker.id });
  expect([before.size, joined.get(worker.id), records.snapshot.size]).toEqual([0, worker, 0]);
});

test('a link is kept with its worker and forgotten when the peer leaves', () => {
  const [one, other] = [record('one'), record('other')];
  const records = recordsOf(one, other);
  records.apply({
    type: 'peer-reported',
    workerId: one.id,
    report: { type: 'peer-report', peer: other.id, state: 'direct', roundTripMs: 2 },
  });
  expect(records.get(one.id)?.peers.get(other.id)).toEqual({ state: 'direct', roundTripMs: 2 });
  records.apply({ type: 'left', workerId: other.id });
  expect(records.get(one.id)?.peers.size).toBe(0);
});

test('a report about a peer that is not there changes nothing', () => {
  const one = record('one');
  const records = recordsOf(one);
  const before = records.snapshot;
  const report = { type: 'peer-report', peer: WorkerId.parse(randomUUID()), state: 'lost' } as const;
  records.apply({ type: 'peer-reported', workerId: one.id, report });
  expect(records.snapshot).toBe(before);
});

test('a tab’s presence is the last that it told', () => {
  const worker = record('tab');
  const records = recordsOf(worker);
  records.apply({ type: 'presence-changed', workerId: worker.id, presence: 'hidden' });
  const before = records.snapshot;
  expect(before.get(worker.id)).toEqual({ ...worker, presence: 'hidden' });
  const unknown = WorkerId.parse(randomUUID());
  records.apply({ type: 'presence-changed', workerId: unknown, presence: 'visible' });
  expect(records.snapshot).toBe(before);
});

test('a worker’s load is all that it last told, what its process takes included', () => {
  const worker = record('one');
  const records = recordsOf(worker);
  const load = { busy: 0.5, usedBytes: { weights: 31e6, caches: 2e6 }, processBytes: 250e6 };
  records.apply({ type: 'load-changed', workerId: worker.id, load });
  expect(records.get(worker.id)?.load).toEqual(load);
});

test('what a worker loaded is added to what it brought', () => {
  const [brought, loaded] = ['a', 'b'].map((digit) => Sha256.parse(digit.repeat(64))) as [Sha256, Sha256];
  const worker = { ...record('one'), cachedBlobs: new Set([brought]) };
  const records = recordsOf(worker);
  records.apply({ type: 'blobs-cached', workerId: worker.id, blobs: [loaded] });
  expect(records.get(worker.id)?.cachedBlobs).toEqual(new Set([brought, loaded]));
});

import { randomBytes, randomUUID } from 'node:crypto';
import { AssignmentId, PipelineId, type BlobRef, type StageDescription } from '@potluck/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import type { EchoStageHost, ScriptedHub, ScriptedWorker } from '../testing/index.ts';
import { cut, join, startHub, stopAll } from '../testing/joinedAgents.ts';
import type { BlobStore } from './blobs/blobStore.ts';
import { memoryBlobStore } from './blobs/memoryBlobStore.ts';

afterEach(stopAll);

const packBytes = randomBytes(500_000);

function stageWithPack(hub: ScriptedHub): { stage: StageDescription; pack: BlobRef } {
  const pack = hub.addBlob(packBytes);
  const [stage] = cut(1, hub.addBlob(randomBytes(50)), { packs: [pack] });
  return { stage: stage as StageDescription, pack };
}

/** What the host was given as the first external data file. */
function firstWeights(host: EchoStageHost): Buffer {
  const data = host.artifacts[0]?.weights[0]?.data;
  return Buffer.from(data instanceof Uint8Array ? data : []);
}

/** Reasons that a worker has given. */
const reasons = (worker: ScriptedWorker): string[] =>
  worker.messages.flatMap((message) =>
    message.type === 'stage-report' && message.reason !== undefined ? [message.reason] : [],
  );

/** Assigns a pipeline of one stage. */
function assign(worker: ScriptedWorker, stage: StageDescription, deadlineMs: number): void {
  const assignmentId = AssignmentId.parse(randomUUID());
  worker.send({
    type: 'assign',
    assignmentId,
    pipelineId: PipelineId.parse(randomUUID()),
    epoch: 0,
    stageIndex: 0,
    stages: [{ assignmentId, workerId: worker.hello.workerId, name: 'tester' }],
    stage,
    deadlineMs,
  });
}

describe('weights', () => {
  it('continue where the connection was cut', async () => {
    const hub = await startHub();
    const { stage, pack } = stageWithPack(hub);
    let cuts = 0;
    hub.onBlobRequest = (sha256, request, response) => {
      if (sha256 !== pack.sha256 || cuts === 2) return false;
      cuts++;
      const start = Number(/\d+/.exec(request.headers.range ?? '0')?.[0]);
      response.writeHead(start > 0 ? 206 : 200, { 'content-range': `bytes ${start}-499999/500000` });
      response.write(packBytes.subarray(start, start + 100_000), () =>
        setImmediate(() => response.destroy()),
      );
      return true;
    };
    const { worker, host } = await join(hub);
    await hub.deploy([{ worker, stage }]);
    const ranges = hub.blobRequests.filter(({ sha256 }) => sha256 === pack.sha256).map(({ range }) => range);
    expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
    expect(firstWeights(host).equals(packBytes)).toBe(true);
  });

  it('continue after a restart, from what an earlier run has left', async () => {
    const hub = await startHub();
    const { stage, pack } = stageWithPack(hub);
    const blobStore = memoryBlobStore();
    blobStore.partial.set(pack.sha256, new Uint8Array(packBytes.subarray(0, 123_456)));
    const { worker } = await join(hub, {}, { blobStore });
    await hub.deploy([{ worker, stage }]);
    expect(hub.blobRequests).toContainEqual({ sha256: pack.sha256, range: 'bytes=123456-' });
    expect(blobStore.whole.has(pack.sha256)).toBe(true);
  });

  it('are fetched again, saying so, when what is cached is damaged', async () => {
    const hub = await startHub();
    const { stage, pack } = stageWithPack(hub);
    const blobStore = memoryBlobStore();
    const damaged = new Uint8Array(packBytes);
    damaged[1234] = (damaged[1234] ?? 0) ^ 1;
    blobStore.whole.set(pack.sha256, damaged);
    const { worker, host } = await join(hub, {}, { blobStore });
    await hub.deploy([{ worker, stage }]);
    expect(reasons(worker)).toContain(
      `the kept weights of layers 0 to 5 of ${stage.model} are damaged; fetching them again`,
    );
    expect(firstWeights(host).equals(packBytes)).toBe(true);
  });

  it('that arrive damaged again and again fail the assignment with the reason', async () => {
    const hub = await startHub();
    const { stage, pack } = stageWithPack(hub);
    hub.onBlobRequest = (sha256, _request, response) => {
      if (sha256 !== pack.sha256) return false;
      response.writeHead(200).end(new Uint8Array(packBytes.byteLength));
      return true;
    };
    const { worker, store } = await join(hub);
    await expect(hub.deploy([{ worker, stage }])).rejects.toThrow(/arrived damaged twice/);
    expect(store.whole.has(pack.sha256)).toBe(false);
  });

  it('that the hub has not fail the assignment with its answer', async () => {
    const hub = await startHub();
    const { stage } = stageWithPack(hub);
    hub.onBlobRequest = (_sha256, _request, response) => {
      response.writeHead(404).end();
      return true;
    };
    const { worker } = await join(hub);
    await expect(hub.deploy([{ worker, stage }])).rejects.toThrow(
      /the hub answers 404 for the weights of layers 0 to 5 of/,
    );
  });

  it('that stop coming fail the assignment after its deadline', async () => {
    const hub = await startHub();
    const { stage, pack } = stageWithPack(hub);
    hub.onBlobRequest = (sha256, _request, response) => {
      if (sha256 !== pack.sha256) return false;
      response.writeHead(200);
      response.write(packBytes.subarray(0, 1000));
      return true;
    };
    const { worker } = await join(hub);
    assign(worker, stage, 300);
    const failed = await worker.message('stage-report', ({ state }) => state === 'failed');
    expect(failed.reason).toBe('no progress for 300 ms while downloading');
  });

  it('that another process writes are waited for, longer than without progress', async () => {
    const hub = await startHub();
    const { stage, pack } = stageWithPack(hub);
    const store = memoryBlobStore();
    const written = Promise.withResolvers<void>();
    const blobStore: BlobStore = {
      ...store,
      async openPartial(sha256) {
        if (sha256 === pack.sha256) await written.promise;
        return store.openPartial(sha256);
      },
    };
    const { worker } = await join(hub, {}, { blobStore });
    assign(worker, stage, 1500);
    const signs = (): number =>
      worker.messages.filter((message) => message.type === 'stage-report' && message.state === 'downloading')
        .length;
    await expect.poll(signs, { timeout: 20_000 }).toBeGreaterThan(3);
    written.resolve();
    await worker.message('stage-report', ({ state }) => state === 'ready');
    expect(store.whole.has(pack.sha256)).toBe(true);
  });

  it('larger than the budget are refused in numbers, before they are fetched', async () => {
    const hub = await startHub();
    const { stage } = stageWithPack(hub);
    const { worker } = await join(hub, { memoryBytes: 50_000_000 });
    await expect(hub.deploy([{ worker, stage }])).rejects.toThrow(
      /need \d+\.\d MB for weights.* the budget is 50\.0 MB/,
    );
    expect(hub.blobRequests).toEqual([]);
  });

  it('that are loaded already stay loaded when the stage gets another place', async () => {
    const hub = await startHub();
    const { stage } = stageWithPack(hub);
    const { worker, host } = await join(hub);
    const [first] = await hub.deploy([{ worker, stage }]);
    await hub.deploy([{ worker, stage }], { epoch: 1 });
    worker.send({ type: 'release', assignmentId: first?.assignmentId as AssignmentId });
    await worker.message('stage-report', ({ state }) => state === 'released');
    expect(host.artifacts).toHaveLength(1);
  });

  it('that are still on their way go to the next assignment of the same stage, with every state told', async () => {
    const hub = await startHub();
    const { stage, pack } = stageWithPack(hub);
    const asked = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    hub.onBlobRequest = (sha256, _request, response) => {
      if (sha256 !== pack.sha256) return false;
      asked.resolve();
      void held.promise.then(() => response.end(packBytes));
      return true;
    };
    const { worker } = await join(hub);
    const first = hub.deploy([{ worker, stage }]);
    first.catch(() => undefined);
    await asked.promise;
    const second = hub.deploy([{ worker, stage }], { epoch: 1 });
    const { assignmentId } = await worker.message('stage-report');
    worker.send({ type: 'release', assignmentId });
    await worker.message('stage-report', ({ state }) => state === 'released');
    held.resolve();
    const [assign] = await second;
    const states = worker.messages.flatMap((message) =>
      message.type === 'stage-report' && message.assignmentId === assign?.assignmentId ? [message.state] : [],
    );
    expect([...new Set(states)]).toEqual([
      'assigned',
      'downloading',
      'compiling',
      'warming',
      'connecting',
      'ready',
    ]);
  });
});

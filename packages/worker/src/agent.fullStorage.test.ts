import { randomBytes } from 'node:crypto';
import type { Assign, BlobRef, Sha256, StageDescription } from '@potluck/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import type { ScriptedHub, ScriptedWorker } from '../testing/index.ts';
import { cut, join, startHub, stopAll } from '../testing/joinedAgents.ts';
import type { AgentEvent } from './agentEvent.ts';
import type { BlobStore } from './blobs/blobStore.ts';
import { StorageFullError } from './errors.ts';
import { memoryBlobStore, type MemoryBlobStore } from './blobs/memoryBlobStore.ts';
import { sha256Of } from './blobs/sha256Of.ts';

afterEach(stopAll);

interface Served {
  stage: StageDescription;
  pack: BlobRef;
}

/** A stage with one pack of random bytes. */
function stageOf(hub: ScriptedHub, bytes: number): Served {
  const pack = hub.addBlob(randomBytes(bytes));
  const [stage] = cut(1, hub.addBlob(randomBytes(50)), { packs: [pack] });
  return { stage: stage as StageDescription, pack };
}

/** Reasons that a worker has given. */
const reasons = (worker: ScriptedWorker): string[] =>
  worker.messages.flatMap((message) =>
    message.type === 'stage-report' && message.reason !== undefined ? [message.reason] : [],
  );

/** Serves a stage, then gives it up. */
async function serve(hub: ScriptedHub, worker: ScriptedWorker, stage: StageDescription): Promise<void> {
  const [assign] = await hub.deploy([{ worker, stage }]);
  const { assignmentId } = assign as Assign;
  worker.send({ type: 'release', assignmentId });
  await worker.message(
    'stage-report',
    (report) => report.assignmentId === assignmentId && report.state === 'released',
  );
}

/** The store as one of several processes has it that share it. */
function sharedBy(store: MemoryBlobStore, holds: Map<Sha256, number>): BlobStore {
  const count = (names: readonly Sha256[], change: 1 | -1): void => {
    for (const name of names) holds.set(name, (holds.get(name) ?? 0) + change);
  };
  return {
    ...store,
    async hold(names) {
      count(names, 1);
      return () => count(names, -1);
    },
    removeUnheld: async (sha256) => (holds.get(sha256) ?? 0) === 0 && store.whole.delete(sha256),
  };
}

/** The store as a browser has it: the room of what is removed can't be used at the next try. */
function showsRoomLate(store: MemoryBlobStore): BlobStore {
  let refusals = 0;
  return {
    ...store,
    roomShowsWithinMs: 60_000,
    async remove(sha256) {
      await store.remove(sha256);
      refusals = 2;
    },
    async openPartial(sha256) {
      const partial = await store.openPartial(sha256);
      const append = partial.append.bind(partial);
      return Object.assign(partial, {
        async append(bytes: Uint8Array) {
          if (refusals > 0 && refusals--) throw new StorageFullError('the room does not show yet');
          await append(bytes);
        },
      });
    },
  };
}

describe('weights for which storage has no room', () => {
  it('are served from memory when the disk is full', async () => {
    const hub = await startHub();
    const { stage, pack } = stageOf(hub, 500_000);
    const blobStore = memoryBlobStore({ capacityBytes: 200_000 });
    const { worker, host } = await join(hub, {}, { blobStore });
    await hub.deploy([{ worker, stage }]);
    expect(reasons(worker).join()).toMatch(/storage is full: this model is served from memory/);
    const data = host.artifacts[0]?.weights[0]?.data as Uint8Array<ArrayBuffer>;
    expect(await sha256Of(data)).toBe(pack.sha256);
    expect(blobStore.partial.has(pack.sha256)).toBe(false);
  });

  it('make room for others when storage is full, those first that were used longest ago', async () => {
    const hub = await startHub();
    const models = [500_000, 500_000, 500_000].map((bytes) => stageOf(hub, bytes));
    const [first, second, third] = models as [Served, Served, Served];
    const blobStore = memoryBlobStore({ capacityBytes: 1_200_000 });
    const { worker } = await join(hub, {}, { blobStore });
    for (const { stage } of [first, second, first, third]) await serve(hub, worker, stage);
    const kept = models.map(({ pack }) => blobStore.whole.has(pack.sha256));
    expect(kept).toEqual([true, false, true]);
    expect(reasons(worker).join()).not.toMatch(/served from memory/);
  });

  it('are kept, too, where the room that was made shows late', async () => {
    const hub = await startHub();
    const models = [500_000, 600_000].map((bytes) => stageOf(hub, bytes));
    const store = memoryBlobStore({ capacityBytes: 800_000 });
    const { worker } = await join(hub, {}, { blobStore: showsRoomLate(store) });
    for (const { stage } of models) await serve(hub, worker, stage);
    expect(models.map(({ pack }) => store.whole.has(pack.sha256))).toEqual([false, true]);
    expect(reasons(worker).join()).not.toMatch(/served from memory/);
  });

  it('that can never be kept are served from memory, and take nobody’s place', async () => {
    const hub = await startHub();
    const models = [500_000, 400_000, 1_300_000, 1_000_000].map((bytes) => stageOf(hub, bytes));
    const blobStore = memoryBlobStore({ capacityBytes: 1_200_000 });
    const events: AgentEvent[] = [];
    const { worker } = await join(hub, {}, { blobStore, observe: (event) => void events.push(event) });
    const kept: boolean[][] = [];
    for (const { stage } of models) {
      await serve(hub, worker, stage);
      kept.push(models.map(({ pack }) => blobStore.whole.has(pack.sha256)));
    }
    expect(kept[2]).toEqual([true, true, false, false]);
    expect(events.map(({ type }) => type)).toContain('in-memory');
    expect(reasons(worker).join()).toMatch(/storage is full: this model is served from memory/);
    // One that can be, when others go, still is.
    expect(kept[3]).toEqual([false, false, false, true]);
  });

  it('that a stage needs make no room for those of another', async () => {
    const hub = await startHub();
    const [one, other] = [stageOf(hub, 500_000), stageOf(hub, 500_001)];
    const blobStore = memoryBlobStore({ capacityBytes: 800_000 });
    const events: AgentEvent[] = [];
    const { worker } = await join(hub, {}, { blobStore, observe: (event) => void events.push(event) });
    await hub.deploy([{ worker, stage: one.stage }]);
    expect(events.map(({ type }) => type)).not.toContain('in-memory');
    await hub.deploy([{ worker, stage: other.stage }]);
    expect(events.map(({ type }) => type)).toContain('in-memory');
    expect(blobStore.whole.has(one.pack.sha256)).toBe(true);
    expect(blobStore.whole.has(other.pack.sha256)).toBe(false);
  });

  it('that another process holds make no room in the store that both share', async () => {
    const hub = await startHub();
    const models = [500_000, 600_000, 700_000].map((bytes) => stageOf(hub, bytes));
    const [first, second, third] = models as [Served, Served, Served];
    const store = memoryBlobStore({ capacityBytes: 800_000 });
    const holds = new Map<Sha256, number>();
    const [one, other] = [
      await join(hub, {}, { blobStore: sharedBy(store, holds) }),
      await join(hub, {}, { blobStore: sharedBy(store, holds) }),
    ];
    const [assign] = await hub.deploy([{ worker: one.worker, stage: first.stage }]);
    await serve(hub, other.worker, second.stage);
    expect([first, second].map(({ pack }) => store.whole.has(pack.sha256))).toEqual([true, false]);
    expect(reasons(other.worker).join()).toMatch(/storage is full: this model is served from memory/);
    one.worker.send({ type: 'release', assignmentId: (assign as Assign).assignmentId });
    await one.worker.message('stage-report', ({ state }) => state === 'released');
    await serve(hub, other.worker, third.stage);
    expect([first, third].map(({ pack }) => store.whole.has(pack.sha256))).toEqual([false, true]);
  });

  it('that were kept in memory are let go when their assignment fails', async () => {
    const hub = await startHub();
    const { stage, pack } = stageOf(hub, 500_000);
    const blobStore = memoryBlobStore({ capacityBytes: 200_000 });
    const { worker } = await join(hub, {}, { blobStore });
    hub.onBlobRequest = (sha256, _request, response) => {
      if (sha256 === pack.sha256) return false;
      response.writeHead(404).end();
      return true;
    };
    await expect(hub.deploy([{ worker, stage }])).rejects.toThrow();
    hub.onBlobRequest = undefined;
    const asked = hub.blobRequests.length;
    await hub.deploy([{ worker, stage }]);
    const again = hub.blobRequests.slice(asked).map(({ sha256 }) => sha256);
    expect(again).toContain(pack.sha256);
  });
});

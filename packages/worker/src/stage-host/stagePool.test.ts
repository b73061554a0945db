import type { StageHost } from '@potluck/engine';
import { Sha256 } from '@potluck/protocol';
import { expect, it } from 'vitest';
import { silentLog as log } from '../log.ts';
import { echoStage, echoStageHost } from '../../testing/echoStageHost.ts';
import { StagePool, type GiveArtifact } from './stagePool.ts';

const description = (name: string) =>
  echoStage({
    layerCount: 2,
    firstLayer: 0,
    lastLayer: 1,
    graph: { sha256: Sha256.parse(name.repeat(64)), size: 10 },
  });

it('a stage that names more to download than the worker offers is refused, whatever it says that its weights take', () => {
  const pool = new StagePool({ host: echoStageHost(), log }, { memoryBytes: 200e6 });
  const pack = { sha256: Sha256.parse('b'.repeat(64)), size: 60e6 };
  pool.reserve({ ...description('a'), packs: [pack, pack, pack] });
  const { graph, ...large } = description('b');
  expect(() => pool.reserve({ ...large, graph: { ...graph, size: 1.5e9 } })).toThrow(
    /layers 0 to 1 of echo name 1500\.0 MB to download; the budget is 200\.0 MB, of which other stages reserve/,
  );
  expect(() => pool.reserve({ ...description('c'), packs: Array.from({ length: 4 }, () => pack) })).toThrow(
    /name 240\.0 MB to download/,
  );
});

it('what a host took of the caches’ room for weights stays taken, and is no longer offered', async () => {
  const takenBytes = 300;
  const host: StageHost = {
    load: async (artifact, cacheBytes) => ({
      ...(await echoStageHost().load(artifact, cacheBytes)),
      cacheBytes: cacheBytes - takenBytes,
    }),
  };
  const stage = description('a');
  const give: GiveArtifact = (load) => load({ description: stage, graph: new Uint8Array(0), weights: [] });
  const pool = new StagePool({ host, log }, { memoryBytes: 135e6 });
  const lease = pool.reserve(stage, 20_000);
  const other = pool.reserve(description('b'));
  await lease.load(give);
  expect(lease.cacheBytes).toBe(20_000 - takenBytes);
  // A stage that comes later finds as much room as it would have found before.
  await other.release();
  expect(pool.reserve(description('b')).cacheBytes).toBe(other.cacheBytes);
  expect(pool.reserve(stage).cacheBytes).toBe(20_000 - takenBytes);
});

it('a stage that is in memory gets the room that its last assignment is to have, and keeps what it has loaded', async () => {
  const host = echoStageHost();
  const stage = description('a');
  const { cacheBytesPerToken } = stage;
  const give: GiveArtifact = (load) => load({ description: stage, graph: new Uint8Array(0), weights: [] });
  const pool = new StagePool({ host, log }, { memoryBytes: 1e9 });
  const standby = pool.reserve(stage, 512 * cacheBytesPerToken);
  const loaded = await standby.load(give);
  const open = (cacheId: string, capacity: number): Promise<void> =>
    loaded.open({ cacheId, epoch: 0, capacity, promptLength: 1 });
  await expect(open('long', 4000)).rejects.toMatchObject({ code: 'no-room' });

  const serving = pool.reserve(stage, 4096 * cacheBytesPerToken);
  await serving.load(give);
  await standby.release();
  expect(serving.cacheBytes).toBe(4096 * cacheBytesPerToken);
  expect(host.artifacts).toHaveLength(1);
  await open('long', 4000);

  // What is in use stays; nothing more is opened.
  await serving.resize(1024 * cacheBytesPerToken);
  expect((await pool.used()).caches).toBe(4000 * cacheBytesPerToken);
  await expect(open('another', 10)).rejects.toMatchObject({ code: 'no-room' });
  await loaded.release('long');
  await open('another', 1000);
});

it('a stage grows only as far as other stages leave room, and shrinks no further than the smallest cache', async () => {
  const stage = description('a');
  const give: GiveArtifact = (load) => load({ description: stage, graph: new Uint8Array(0), weights: [] });
  const pool = new StagePool({ host: echoStageHost(), log }, { memoryBytes: 135e6 });
  const lease = pool.reserve(stage, 10_000);
  await lease.load(give);
  const other = pool.reserve(description('b'));
  await lease.resize();
  expect(lease.cacheBytes).toBe(10_000);
  await other.release();
  await lease.resize(20_000);
  expect(lease.cacheBytes).toBe(20_000);
  await lease.resize(1);
  expect(lease.cacheBytes).toBe(256 * stage.cacheBytesPerToken);
});

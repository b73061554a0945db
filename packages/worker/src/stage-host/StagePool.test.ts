import type { StageHost } from '@potluck/engine';
import { Sha256 } from '@potluck/protocol';
import { expect, it } from 'vitest';
import { echoStage, echoStageHost } from '../../testing/echoStageHost.ts';
import { StagePool, type GiveArtifact } from './StagePool.ts';

const description = (name: string) =>
  echoStage({
    layerCount: 2,
    firstLayer: 0,
    lastLayer: 1,
    graph: { sha256: Sha256.parse(name.repeat(64)), size: 10 },
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
  const pool = new StagePool({ host }, { memoryBytes: 135e6 });
  const lease = pool.reserve(stage, 20_000);
  const other = pool.reserve(description('b'));
  await lease.load(give);
  expect(lease.cacheBytes).toBe(20_000 - takenBytes);
  // A stage that comes later finds as much room as it would have found before.
  await other.release();
  expect(pool.reserve(description('b')).cacheBytes).toBe(other.cacheBytes);
  expect(pool.reserve(stage).cacheBytes).toBe(20_000 - takenBytes);
});

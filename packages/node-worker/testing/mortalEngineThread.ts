/** The engine's thread with real stages, which ends when a cache called `last` is released. */
import { workerData } from 'node:worker_threads';
import { nodeStages, type NodeStagesInit } from '../src/engine-thread/nodeStages.ts';
import { serveStages } from '../src/engine-thread/serveStages.ts';

const load = nodeStages(workerData as NodeStagesInit);

serveStages(async (artifact, cacheBytes) => {
  const stage = await load(artifact, cacheBytes);
  return {
    ...stage,
    release: async (cacheId) => {
      if (cacheId === 'last') process.exit(3);
      return stage.release(cacheId);
    },
  };
});

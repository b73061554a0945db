/** The engine's thread with real stages, which ends when a cache called `last` is released. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { stageService } from '@potluck/engine/rpc';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { nodeStages, type NodeStagesInit } from '../src/engine-thread/nodeStages.ts';

const load = nodeStages(workerData as NodeStagesInit);

expose(
  stageService(async (artifact, cacheBytes) => {
    const stage = await load(artifact, cacheBytes);
    return {
      ...stage,
      release: async (cacheId) => {
        if (cacheId === 'last') process.exit(3);
        return stage.release(cacheId);
      },
    };
  }),
  nodeEndpoint(parentPort as MessagePort),
);

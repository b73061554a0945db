/** How much of its worker's memory each stage may use for caches. */
import { mostFullSessions, type WorkerId } from '@potluck/protocol';
import type { StageAt } from './layerRange.ts';
import { activationBytes, chunkWithRoom, leastChunkTokens } from './promptChunks.ts';
import { stageMemory, type SizedModel, type WorkingMemory } from './stageMemory.ts';

/** A stage with what it may use in all. */
export interface SharedStage extends StageAt {
  /** Weights, working memory, caches and activations, in bytes. */
  memoryBytes: number;
  /** Most that its caches may take, in bytes. */
  cacheBytes: number;
  /** The longest chunk of a prompt that its memory has room for, in tokens; the same at every stage. */
  mostChunkTokens: number;
}

/**
 * Part of what the weights leave that the activations of a long chunk may take, where a session of full length has room
 * beside them: a shorter chunk costs little, and without caches nothing runs.
 */
const activationShare = 1 / 8;

/**
 * Caches are elastic: a stage takes half of what its worker has left after weights, and at least one session of full
 * length where that fits. The other half stays free, so that another model finds room on the same workers. No
 * stage reserves more than `mostFullSessions` sessions of full length take.
 * Longer chunks of prompts than usual take their part before caches do.
 * @param worker what a worker has for this pipeline, in bytes, and whether it computes on a GPU
 */
export function shareCaches(
  model: SizedModel & { workingMemory?: WorkingMemory },
  stages: readonly StageAt[],
  worker: (workerId: WorkerId) => { freeBytes: number; isGpu: boolean },
): SharedStage[] {
  const memoryOf = stageMemory(model, model.workingMemory);
  const rooms = stages.map(({ workerId, firstLayer, lastLayer }) => {
    const neighbours = stages.filter((stage) => stage.workerId === workerId);
    // Each of them has at least one short session; they share what is left.
    const taken = neighbours.reduce((sum, stage) => {
      const { weightBytes, workingBytes, cacheBytes } = memoryOf(stage.firstLayer, stage.lastLayer);
      return sum + weightBytes + workingBytes + cacheBytes;
    }, 0);
    const { cacheBytes: least, weightBytes, workingBytes } = memoryOf(firstLayer, lastLayer);
    const spare = Math.max(0, worker(workerId).freeBytes - taken) / neighbours.length;
    const session = model.layers
      .slice(firstLayer, lastLayer + 1)
      .reduce((sum, layer) => sum + layer.cacheBytesPerToken * model.contextLength + layer.stateBytes, 0);
    return { free: least + spare, least, session, fixed: weightBytes + workingBytes };
  });
  const forActivations = rooms.map(({ free, least, session }) =>
    Math.min(activationShare * free, free - (session <= free ? session : least)),
  );
  const onlyGpus = stages.every(({ workerId }) => worker(workerId).isGpu);
  const mostChunkTokens = onlyGpus ? chunkWithRoom(model, Math.min(...forActivations)) : leastChunkTokens;
  const activations = activationBytes(model, mostChunkTokens);
  return stages.map((stage, index) => {
    const { free, least, session, fixed } = rooms[index] as (typeof rooms)[number];
    const left = free - activations;
    const share = Math.min(Math.max(left / 2, session), mostFullSessions * session);
    const cacheBytes = Math.floor(Math.max(least, Math.min(left, share)));
    const { workerId, firstLayer, lastLayer } = stage;
    const memoryBytes = fixed + cacheBytes + activations;
    return { workerId, firstLayer, lastLayer, cacheBytes, memoryBytes, mostChunkTokens };
  });
}

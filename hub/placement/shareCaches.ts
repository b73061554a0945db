/** How much of its worker's memory each stage may use for caches. */
import type { WorkerId } from '@potluck/protocol';
import type { PlacedStage } from './placeStages.ts';
import { stageMemory, type SizedModel } from './stageMemory.ts';

/** A stage with what it may use in all. */
export interface SharedStage extends PlacedStage {
  /** Most that its caches may take, in bytes. */
  cacheBytes: number;
}

/**
 * Caches are elastic: a stage takes half of what its worker has left after weights, and at least one session of full
 * length where that fits. The other half stays free, so that another model finds room on the same workers.
 * @param freeBytes what a worker has for this pipeline
 */
export function shareCaches(
  model: SizedModel,
  stages: readonly PlacedStage[],
  freeBytes: (workerId: WorkerId) => number,
): SharedStage[] {
  const memoryOf = stageMemory(model);
  return stages.map((stage) => {
    const neighbours = stages.filter(({ workerId }) => workerId === stage.workerId);
    const weights = neighbours.reduce((sum, { firstLayer, lastLayer }) => {
      const { weightBytes, workingBytes } = memoryOf(firstLayer, lastLayer);
      return sum + weightBytes + workingBytes;
    }, 0);
    const left = Math.max(0, freeBytes(stage.workerId) - weights) / neighbours.length;
    const { cacheBytes: least } = memoryOf(stage.firstLayer, stage.lastLayer);
    const session = model.layers
      .slice(stage.firstLayer, stage.lastLayer + 1)
      .reduce((sum, layer) => sum + layer.cacheBytesPerToken * model.contextLength + layer.stateBytes, 0);
    const cacheBytes = Math.floor(Math.max(least, Math.min(left, Math.max(left / 2, session))));
    return { ...stage, cacheBytes, memoryBytes: stage.memoryBytes - least + cacheBytes };
  });
}

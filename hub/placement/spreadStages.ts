/** Stages that share a worker go to workers that have none; the cuts stay, so that nobody else has to load anything. */
import type { LayerRange } from './balanceRanges.ts';
import { largestFirst } from './largestFirst.ts';
import type { PlacedStage, PlacementWorker } from './placeStages.ts';

/**
 * @param stages where they are
 * @param newcomers workers that have none of them
 * @param bytesOf what a stage takes, in bytes
 * @returns where they would be: the newcomers with most memory first, each with one stage of the worker that has most
 */
export function spreadStages(
  stages: readonly (LayerRange & { workerId: PlacedStage['workerId'] })[],
  newcomers: readonly PlacementWorker[],
  bytesOf: (firstLayer: number, lastLayer: number) => number,
): PlacedStage[] {
  const spread = stages.map(({ workerId, firstLayer, lastLayer }) => ({
    workerId,
    firstLayer,
    lastLayer,
    memoryBytes: bytesOf(firstLayer, lastLayer),
  }));
  const countAt = (id: PlacedStage['workerId']): number =>
    spread.filter(({ workerId }) => workerId === id).length;
  for (const newcomer of largestFirst(newcomers)) {
    const [taken] = spread
      .filter(({ workerId, memoryBytes }) => countAt(workerId) > 1 && memoryBytes <= newcomer.memoryBytes)
      .sort(
        (one, other) => countAt(other.workerId) - countAt(one.workerId) || other.lastLayer - one.lastLayer,
      );
    if (taken) taken.workerId = newcomer.id;
  }
  return spread;
}

/** Stages that share a worker go to workers that have none; the cuts stay, so that nobody else has to load anything. */
import type { WorkerId } from '@potluck/protocol';
import type { Choosing } from './chooseStages.ts';
import type { StageAt } from './layerRange.ts';

/**
 * @param stages where they are
 * @returns where they would be: each idle worker, those with most memory first, with one stage of the worker that has most
 */
export function spreadStages(
  { layers, candidates }: Pick<Choosing, 'layers' | 'candidates'>,
  stages: readonly StageAt[],
): StageAt[] {
  const spread = stages.map((stage) => ({ ...stage }));
  const countAt = (id: WorkerId): number => spread.filter(({ workerId }) => workerId === id).length;
  for (const { id, memoryBytes } of candidates) {
    if (countAt(id) > 0) continue;
    const shared = spread.filter(({ workerId }) => countAt(workerId) > 1);
    if (shared.length === 0) break;
    const [taken] = shared
      .filter(({ firstLayer, lastLayer }) => layers.bytes(firstLayer, lastLayer + 1) <= memoryBytes)
      .sort(
        (one, other) => countAt(other.workerId) - countAt(one.workerId) || other.lastLayer - one.lastLayer,
      );
    if (taken) taken.workerId = id;
  }
  return spread;
}

/** Stages that share a worker go to workers that have none; the cuts stay, so that nobody else has to load anything. */
import type { WorkerId } from '@potluck/protocol';
import type { Choosing } from './chooseStages.ts';
import type { StageAt } from './layerRange.ts';
import { stepMs } from './prediction/stepTime.ts';

/**
 * @param stages where they are
 * @returns where they would be: each idle worker, the fastest first, with one stage of the worker that takes longest over all
 *   of its own, so that the slower of both is as fast as can be
 */
export function spreadStages(
  { layers, candidates }: Pick<Choosing, 'layers' | 'candidates'>,
  stages: readonly StageAt[],
): StageAt[] {
  const spread = stages.map((stage) => ({ ...stage }));
  const speeds = new Map(candidates.map(({ id, speed }) => [id, speed]));
  const timeAt = (workerId: WorkerId, { firstLayer, lastLayer }: StageAt): number => {
    const speed = speeds.get(workerId);
    return speed ? stepMs(speed, layers.work(firstLayer, lastLayer + 1)) : 0;
  };
  const stagesAt = (id: WorkerId): StageAt[] => spread.filter(({ workerId }) => workerId === id);
  const busyMs = (id: WorkerId): number => stagesAt(id).reduce((sum, stage) => sum + timeAt(id, stage), 0);
  const whole = layers.work(0, layers.count);
  const fastestFirst = candidates.toSorted(
    (one, other) => stepMs(one.speed, whole) - stepMs(other.speed, whole),
  );
  for (const { id, memoryBytes } of fastestFirst) {
    if (stagesAt(id).length > 0) continue;
    const shared = spread.filter(({ workerId }) => stagesAt(workerId).length > 1);
    if (shared.length === 0) break;
    const slowestAfter = (stage: StageAt): number =>
      Math.max(timeAt(id, stage), busyMs(stage.workerId) - timeAt(stage.workerId, stage));
    const [taken] = shared
      .filter(({ firstLayer, lastLayer }) => layers.bytes(firstLayer, lastLayer + 1) <= memoryBytes)
      .sort(
        (one, other) =>
          busyMs(other.workerId) - busyMs(one.workerId) ||
          slowestAfter(one) - slowestAfter(other) ||
          other.lastLayer - one.lastLayer,
      );
    if (taken) taken.workerId = id;
  }
  return spread;
}

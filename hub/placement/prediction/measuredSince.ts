/** What a token took in a pipeline, by what its workers did in answers from some moment on. */
import type { GridView, GridWorker } from '../gridView.ts';
import type { StageAt } from '../layerRange.ts';
import type { PredictedModel } from './tokenBytes.ts';
import { tokenTime } from './tokenTime.ts';

/** Fewer answers say little. */
export const leastAnswers = 4;

/**
 * @param stages all of one replica, in order
 * @param since by the clock of the samples
 * @returns milliseconds; undefined where a worker is gone, or was measured in too few answers since then
 */
export function measuredSince(
  model: PredictedModel,
  stages: readonly StageAt[],
  { grid, since }: { grid: GridView; since: number },
): number | undefined {
  const workers = new Map<GridWorker['id'], GridWorker>();
  for (const { workerId } of stages) {
    const worker = grid.workers.get(workerId);
    if (!worker) return undefined;
    const tokenSteps = worker.tokenSteps.filter(
      ({ model: of, source, at = -Infinity }) => of === model.id && source === 'served' && at >= since,
    );
    if (tokenSteps.length < leastAnswers) return undefined;
    workers.set(workerId, { ...worker, tokenSteps });
  }
  return tokenTime(model, stages, { workers }).milliseconds;
}

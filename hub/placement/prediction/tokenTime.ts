/** What one token costs in a pipeline, part by part. */
import type { PredictedHop, PredictedStage } from '@potluck/api';
import { linkBetween, type GridView } from '../gridView.ts';
import type { StageAt } from '../layerRange.ts';
import { hopTime } from './hopTime.ts';
import { stepMs, tokenSpeed } from './stepTime.ts';
import { frameBytesPerToken, weightBytesPerToken, type PredictedModel } from './tokenBytes.ts';

/** Times of one token. */
export interface TokenTime {
  milliseconds: number;
  stages: PredictedStage[];
  hops: PredictedHop[];
}

/**
 * @param stages all of one replica, in order
 * @throws Error if a worker is not in the grid
 */
export function tokenTime(model: PredictedModel, stages: readonly StageAt[], grid: GridView): TokenTime {
  const predicted = stages.map(({ workerId, firstLayer, lastLayer }): PredictedStage => {
    const worker = grid.workers.get(workerId);
    if (!worker) throw new Error(`worker ${workerId} is not in the grid`);
    const weightBytes = weightBytesPerToken(model, { firstLayer, lastLayer });
    const { basis, explanation, ...speed } = tokenSpeed(worker, { model: model.id, weightBytes });
    const milliseconds = stepMs(speed, weightBytes);
    return {
      nodeId: workerId,
      nodeName: worker.name,
      firstLayer,
      lastLayer,
      milliseconds,
      basis,
      explanation,
    };
  });
  const hops = stages.flatMap(({ workerId }, index): PredictedHop[] => {
    const next = stages[(index + 1) % stages.length];
    if (!next || next.workerId === workerId) return [];
    const bytes = frameBytesPerToken(model, next.firstLayer);
    const link = linkBetween(grid, workerId, next.workerId);
    return [{ fromNodeId: workerId, toNodeId: next.workerId, bytes, ...hopTime(link, bytes) }];
  });
  const milliseconds = [...predicted, ...hops].reduce((sum, part) => sum + part.milliseconds, 0);
  return { milliseconds, stages: predicted, hops };
}

/** What one token costs in a pipeline, part by part. */
import type { PredictedHop, PredictedStage } from '@potluck/api';
import { linkBetween, waysBetween, type GridView } from '../gridView.ts';
import type { StageAt } from '../layerRange.ts';
import { hopTime } from './hopTime.ts';
import { readBytes, stepMs, tokenSpeed } from './stepTime.ts';
import {
  cacheBytesBehind,
  frameBytesPerToken,
  weightBytesPerToken,
  type PredictedModel,
} from './tokenBytes.ts';

/** Times of one token. */
export interface TokenTime {
  milliseconds: number;
  stages: PredictedStage[];
  hops: PredictedHop[];
}

/**
 * @param stages all of one replica, in order
 * @param contextTokens what stands before the token. Default: nothing
 * @throws Error if a worker is not in the grid
 */
export function tokenTime(
  model: PredictedModel,
  stages: readonly StageAt[],
  grid: GridView,
  contextTokens = 0,
): TokenTime {
  const predicted = stages.map(({ workerId, firstLayer, lastLayer }): PredictedStage => {
    const worker = grid.workers.get(workerId);
    if (!worker) throw new Error(`worker ${workerId} is not in the grid`);
    const reads = {
      weightBytes: weightBytesPerToken(model, { firstLayer, lastLayer }),
      cacheBytes: cacheBytesBehind(model, { firstLayer, lastLayer }, contextTokens),
    };
    const { basis, explanation, ...speed } = tokenSpeed(worker, { model: model.id, ...reads });
    const milliseconds = stepMs(speed, readBytes(reads));
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
    const ways = waysBetween(grid, workerId, next.workerId);
    return [{ fromNodeId: workerId, toNodeId: next.workerId, bytes, ...hopTime(link, bytes, ways) }];
  });
  const milliseconds = [...predicted, ...hops].reduce((sum, part) => sum + part.milliseconds, 0);
  return { milliseconds, stages: predicted, hops };
}

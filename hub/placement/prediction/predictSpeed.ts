/**
 * How fast a pipeline will decode: one token passes every stage, crosses to the next worker after each, and comes back
 * to the first. A single stream waits for all of it, so its speed is one over the sum.
 */
import type { Prediction } from '@potluck/api';
import { adviseOn } from './adviseOn.ts';
import { describeDominant } from './describeDominant.ts';
import { leastSure } from './leastSure.ts';
import type { PredictedModel } from './tokenBytes.ts';
import { tokenTime, type PredictedGrid, type StageToPredict } from './tokenTime.ts';

/** @param stages all of one replica, in order; their workers are in the grid */
export function predictSpeed(
  model: PredictedModel,
  stages: readonly StageToPredict[],
  grid: PredictedGrid,
): Omit<Prediction, 'replica'> {
  const time = tokenTime(model, stages, grid);
  return {
    tokensPerSecond: 1000 / time.milliseconds,
    tokenMilliseconds: time.milliseconds,
    basis: leastSure([...time.stages, ...time.hops]),
    stages: time.stages,
    hops: time.hops,
    dominatedBy: describeDominant(time),
    ...adviseOn(model, stages, grid),
  };
}

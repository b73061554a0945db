/**
 * How fast a pipeline will decode: one token passes every stage, crosses to the next worker after each, and comes back
 * to the first. A single stream waits for all of it, so its speed is one over the sum.
 */
import type { StageToPredict } from './stageToPredict.ts';
import type { Prediction } from '@potluck/api';
import type { PipelineId, WorkerId } from '@potluck/protocol';
import type { GridView } from '../gridView.ts';

import { leastChunkTokens } from '../promptChunks.ts';
import { adviseOn } from './adviseOn.ts';
import { describeDominant } from './describeDominant.ts';
import { leastSure } from './leastSure.ts';
import { promptTime } from './promptTime.ts';
import type { PredictedModel } from './tokenBytes.ts';
import { tokenTime } from './tokenTime.ts';

/**
 * @param stages all of one replica, in order
 * @param replaced pipelines whose memory counts as free
 * @param others workers that have another replica
 * @throws Error if a worker is not in the grid
 */
export function predictSpeed(
  model: PredictedModel,
  stages: readonly StageToPredict[],
  grid: GridView,
  replaced?: ReadonlySet<PipelineId>,
  others?: ReadonlySet<WorkerId>,
): Omit<Prediction, 'replica'> {
  const time = tokenTime(model, stages, grid);
  const prompt = { tokens: leastChunkTokens, chunkTokens: leastChunkTokens };
  return {
    tokensPerSecond: 1000 / time.milliseconds,
    tokenMilliseconds: time.milliseconds,
    firstTokenMilliseconds: promptTime(model, stages, grid, prompt),
    basis: leastSure([...time.stages, ...time.hops]),
    stages: time.stages,
    hops: time.hops,
    dominatedBy: describeDominant(time),
    ...adviseOn(model, stages, { grid, now: time, replaced, others }),
  };
}

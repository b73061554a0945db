/**
 * How fast a pipeline will answer: one token passes every stage, crosses to the next worker after each, and comes back
 * to the first. A single stream waits for all of it, so its speed is one over the sum.
 */
import type { PredictedAnswer, Prediction } from '@potluck/api';
import type { PipelineId, WorkerId } from '@potluck/protocol';
import type { GridView } from '../gridView.ts';
import type { StageAt } from '../layerRange.ts';
import { leastChunkTokens } from '../promptChunks.ts';
import { adviseOn } from './adviseOn.ts';
import { describeDominant } from './describeDominant.ts';
import { leastSure } from './leastSure.ts';
import { promptTime } from './promptTime.ts';
import type { StageToPredict } from './stageToPredict.ts';
import type { PredictedModel } from './tokenBytes.ts';
import { tokenTime } from './tokenTime.ts';

/** Nobody knows beforehand how long an answer gets: so many tokens, or as many as it may have. */
const usualAnswerTokens = 128;
/** Of previews. */
const usualPrompt = { promptTokens: leastChunkTokens, chunkTokens: leastChunkTokens };

/** What is asked for. */
export interface AskedAnswer {
  promptTokens: number;
  /** In how long chunks the prompt runs. */
  chunkTokens: number;
  /** Longest answer. Default: a usual one. */
  maxTokens?: number | undefined;
}

/**
 * One answer that has the pipeline for itself.
 * @param stages all of one replica, in order
 * @throws Error if a worker is not in the grid
 */
export function predictAnswer(
  model: PredictedModel,
  stages: readonly StageAt[],
  grid: GridView,
  asked: AskedAnswer,
): PredictedAnswer {
  const { milliseconds } = tokenTime(model, stages, grid, middleOf(asked));
  const { promptTokens: tokens, chunkTokens } = asked;
  return {
    tokensPerSecond: 1000 / milliseconds,
    firstTokenMs: promptTime(model, stages, grid, { tokens, chunkTokens }),
  };
}

/**
 * The same for a usual answer, with where the numbers come from.
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
  const contextTokens = middleOf(usualPrompt);
  const time = tokenTime(model, stages, grid, contextTokens);
  const { tokensPerSecond, firstTokenMs } = predictAnswer(model, stages, grid, usualPrompt);
  return {
    tokensPerSecond,
    tokenMilliseconds: time.milliseconds,
    firstTokenMilliseconds: firstTokenMs,
    basis: leastSure([...time.stages, ...time.hops]),
    stages: time.stages,
    hops: time.hops,
    dominatedBy: describeDominant(time),
    ...adviseOn(model, stages, { grid, now: time, contextTokens, replaced, others }),
  };
}

/** What stands before the token in the middle of the answer. */
function middleOf({ promptTokens, maxTokens = usualAnswerTokens }: AskedAnswer): number {
  return promptTokens + Math.min(maxTokens, usualAnswerTokens) / 2;
}

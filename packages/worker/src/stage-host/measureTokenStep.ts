/** How long a step of one token takes at a stage, so that the hub can say beforehand how fast a pipeline will be. */
import type { LoadedStage } from '@potluck/engine';
import { SamplingDescription, type StageDescription } from '@potluck/protocol';
import { timeTokenSteps } from './timeTokenSteps.ts';

/** The cache of these steps, which are nobody's. */
export const trialCacheId = 'trial';
/** Most steps that are timed. */
const mostSteps = 64;

/**
 * Runs some steps on a cache of its own. Call it after the stage has been warmed up.
 * @returns the mean, in milliseconds, without the time in the queue; undefined where the context is too short
 */
export async function measureTokenStep(
  stage: LoadedStage,
  description: StageDescription,
): Promise<number | undefined> {
  const steps = Math.min(mostSteps, description.contextLength - 1);
  if (steps < 1) return undefined;
  const cacheId = trialCacheId;
  const isLast = description.logits !== undefined;
  await stage.open({
    cacheId,
    epoch: 0,
    capacity: steps + 1,
    promptLength: 1,
    ...(isLast && { sampling: SamplingDescription.parse({ seed: 0, temperature: 0 }), tokens: [0] }),
  });
  try {
    return await timeTokenSteps(stage, description, { cacheId, from: 0, steps, sample: isLast });
  } finally {
    await stage.release(cacheId);
  }
}

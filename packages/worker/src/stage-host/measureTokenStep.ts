/** How long a step of one token takes at a stage, so that the hub can say beforehand how fast a pipeline will be. */
import type { LoadedStage } from '@potluck/engine';
import { SamplingDescription, type StageDescription } from '@potluck/protocol';
import { testInputs } from '../self-test/testInputs.ts';

/** The cache of these steps, which are nobody's. */
export const trialCacheId = 'trial';
/** Steps are run until so much time has passed, ... */
const enoughMs = 100;
/** ... or so many have. */
const mostSteps = 16;

/**
 * Runs some steps on a cache of its own. Call it after the stage has been warmed up.
 * @returns the median, in milliseconds, without the time in the queue; undefined where the context is too short
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
  const times: number[] = [];
  try {
    const started = performance.now();
    for (let position = 0; position < steps; position++) {
      const begun = performance.now();
      const { queueMs } = await stage.step({
        cacheId,
        epoch: 0,
        position,
        length: 1,
        sample: isLast,
        ...testInputs(description, position, 1),
      });
      times.push(Math.max(0, performance.now() - begun - queueMs));
      if (performance.now() - started >= enoughMs) break;
    }
  } finally {
    await stage.release(cacheId);
  }
  times.sort((one, other) => one - other);
  return times[Math.floor(times.length / 2)];
}

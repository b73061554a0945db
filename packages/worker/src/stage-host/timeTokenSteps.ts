/** Times steps of one token on a cache that is open. */
import type { LoadedStage } from '@potluck/engine';
import type { StageDescription } from '@potluck/protocol';
import { testInputs } from '../self-test/testInputs.ts';

export interface TimedSteps {
  cacheId: string;
  /** Position of the first of them. */
  from: number;
  /** Most steps to run, at least 1. */
  steps: number;
  /** Whether a token is drawn after each, as the last stage of a pipeline does. */
  sample: boolean;
}

/**
 * Steps are run until so much time has passed. A processor that others use, too, runs a process at full speed for tens of
 * milliseconds before it lets it wait: shorter trials promised tiny models 2.5 to 4 times what they then did.
 */
const enoughMs = 250;

/**
 * @returns the mean, in milliseconds, without the time in the queue. Not the median: an answer waits for the steps in which
 *   another process had the processor, too.
 */
export async function timeTokenSteps(
  stage: LoadedStage,
  description: StageDescription,
  { cacheId, from, steps, sample }: TimedSteps,
): Promise<number> {
  const begunAll = performance.now();
  let sum = 0;
  let count = 0;
  while (count < steps) {
    const position = from + count;
    const begun = performance.now();
    const { queueMs } = await stage.step({
      ...{ cacheId, epoch: 0, position, length: 1, sample },
      ...testInputs(description, position, 1),
    });
    sum += Math.max(0, performance.now() - begun - queueMs);
    count++;
    if (performance.now() - begunAll >= enoughMs) break;
  }
  return sum / count;
}

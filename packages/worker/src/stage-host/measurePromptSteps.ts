/** How long chunks of a prompt take at a stage, so that the hub can choose how long chunks should be. */
import type { LoadedStage } from '@potluck/engine';
import type { PromptStep, StageDescription } from '@potluck/protocol';
import { testInputs } from '../self-test/testInputs.ts';
import { trialCacheId } from './measureTokenStep.ts';

/** A length is not tried where it would take longer than this, by what shorter ones took. In milliseconds. */
const longestTrialMs = 500;
/** The first run of a length may compile kernels; the fastest run counts. */
const runs = 3;

/**
 * Runs chunks on caches of their own. Call it after the stage has been warmed up.
 * @param lengths in tokens, shortest first
 * @returns the times of the lengths that were tried; those that the context or the room for caches is too short for are
 * missing, as are all after one that took too long
 */
export async function measurePromptSteps(
  stage: LoadedStage,
  description: StageDescription,
  lengths: readonly number[],
): Promise<PromptStep[]> {
  const steps: PromptStep[] = [];
  for (const tokens of lengths) {
    if (tokens > description.contextLength) break;
    const before = steps.at(-1);
    const expectedMs = before ? (before.milliseconds * tokens) / before.tokens : 0;
    if (expectedMs > longestTrialMs) break;
    const milliseconds = await fastestRun(stage, description, tokens);
    if (milliseconds === undefined) break;
    steps.push({ tokens, milliseconds });
  }
  return steps;
}

/** @returns milliseconds without the time in the queue; undefined where the stage could not run so many tokens */
async function fastestRun(
  stage: LoadedStage,
  description: StageDescription,
  length: number,
): Promise<number | undefined> {
  let fastest = Infinity;
  for (let run = 0; run < runs && !(fastest > longestTrialMs && run > 0); run++) {
    try {
      await stage.open({ cacheId: trialCacheId, epoch: 0, capacity: length, promptLength: length });
    } catch {
      // Too little room: a session of such a prompt would be refused, too.
      return undefined;
    }
    try {
      const inputs = testInputs(description, 0, length);
      const begun = performance.now();
      const request = { cacheId: trialCacheId, epoch: 0, position: 0, length, sample: false };
      const { queueMs } = await stage.step({ ...request, ...inputs });
      fastest = Math.min(fastest, Math.max(0, performance.now() - begun - queueMs));
    } catch {
      // A GPU with too little memory for so many tokens: the stage serves with shorter chunks.
      return undefined;
    } finally {
      await stage.release(trialCacheId);
    }
  }
  return fastest;
}

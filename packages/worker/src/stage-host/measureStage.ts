/** How fast a stage is: what a chunk of a prompt and then each token take. */
import type { LoadedStage } from '@potluck/engine';
import { SamplingDescription, type StageDescription } from '@potluck/protocol';
import { testInputs } from '../self-test/testInputs.ts';
import { trialCacheId } from './measureTokenStep.ts';

/** In milliseconds, without waiting in the queue. */
export interface StageTimes {
  /** One chunk of `measuredPromptTokens` tokens. */
  promptMs: number;
  /** One token behind it. */
  tokenMs: number;
}

/** Enough for the kernels of many rows, and little enough for a slow processor. */
export const measuredPromptTokens = 128;
const tokenSteps = 5;
const shortTextTokens = 16;

/** Warms the stage up and measures it, on a cache of its own. @throws what the stage throws */
export async function measureStage(stage: LoadedStage, description: StageDescription): Promise<StageTimes> {
  const prompt = Math.max(1, Math.min(measuredPromptTokens, description.contextLength - tokenSteps));
  await stage.warmUp();
  if (description.encoding) return measureEncoder(stage, description);
  // Kernels for this many rows are compiled at the first chunk, which does not count.
  await run(stage, description, prompt, 0);
  return run(stage, description, prompt, tokenSteps);
}

/** A long and a short text stand for a prompt and a token. */
async function measureEncoder(stage: LoadedStage, description: StageDescription): Promise<StageTimes> {
  const time = async (tokens: number): Promise<number> => {
    const times: number[] = [];
    for (let index = 0; index < tokenSteps; index++) {
      const { tokenIds = [] } = testInputs(description, index, Math.min(tokens, description.contextLength));
      times.push((await stage.encode({ tokenIds })).computeMs);
    }
    return median(times);
  };
  return { promptMs: await time(measuredPromptTokens), tokenMs: await time(shortTextTokens) };
}

async function run(
  stage: LoadedStage,
  description: StageDescription,
  prompt: number,
  tokens: number,
): Promise<StageTimes> {
  const isLast = description.logits !== undefined;
  await stage.open({
    cacheId: trialCacheId,
    epoch: 0,
    capacity: prompt + tokens,
    promptLength: prompt,
    ...(isLast && { sampling: SamplingDescription.parse({ seed: 0, temperature: 0 }), tokens: [0] }),
  });
  const step = async (position: number, length: number): Promise<number> => {
    const place = { cacheId: trialCacheId, epoch: 0, position, length, sample: isLast };
    return (await stage.step({ ...place, ...testInputs(description, position, length) })).computeMs;
  };
  try {
    const promptMs = await step(0, prompt);
    const times: number[] = [];
    for (let index = 0; index < tokens; index++) times.push(await step(prompt + index, 1));
    return { promptMs, tokenMs: median(times) };
  } finally {
    await stage.release(trialCacheId);
  }
}

/** @returns 0 where there are none */
function median(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? 0;
}

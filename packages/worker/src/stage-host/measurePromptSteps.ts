/** How long chunks of a prompt take at a stage, so that the hub can choose how long chunks should be. */
import type { LoadedStage } from '@potluck/engine';
import type { PromptStep, StageDescription } from '@potluck/protocol';
import { testInputs } from '../self-test/testInputs.ts';
import { trialCacheId } from './measureTokenStep.ts';
import { timeTokenSteps } from './timeTokenSteps.ts';

/** A length is not tried where it would take longer than this, by what shorter ones took. In milliseconds. */
const longestTrialMs = 500;
/** The first run of a length may compile kernels, so it counts only where it is the only one. */
const runs = 3;
/** Most steps of one token that are timed behind the shortest length. */
const tokenSteps = 16;

/**
 * Runs chunks on caches of their own. Call it after the stage has been warmed up.
 * @param lengths in tokens, shortest first; behind the first one, steps of one token are timed, too
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
    const behind = before ? 0 : Math.min(tokenSteps, description.contextLength - tokens);
    const step = await timeLength(stage, description, { tokens, behind });
    if (step === undefined) break;
    steps.push(step);
  }
  return steps;
}

/** @returns the mean of the runs without the time in the queue; undefined where the stage could not run so many tokens */
async function timeLength(
  stage: LoadedStage,
  description: StageDescription,
  { tokens, behind }: { tokens: number; behind: number },
): Promise<PromptStep | undefined> {
  const times: number[] = [];
  let nextTokenMs: number | undefined;
  for (let run = 0; run < runs && !(run > 0 && Math.min(...times) > longestTrialMs); run++) {
    const mayBeLast = (milliseconds: number): boolean => run === runs - 1 || milliseconds > longestTrialMs;
    const timed =
      (await runOnce(stage, description, { tokens, behind, mayBeLast })) ??
      // There may be room for the chunk alone.
      (behind > 0 ? await runOnce(stage, description, { tokens, behind: 0, mayBeLast }) : undefined);
    if (timed === undefined) return undefined;
    times.push(timed.milliseconds);
    nextTokenMs = timed.nextTokenMs;
  }
  const counted = times.length > 1 ? times.slice(1) : times;
  const milliseconds = counted.reduce((sum, one) => sum + one, 0) / counted.length;
  return { tokens, milliseconds, ...(nextTokenMs !== undefined && { nextTokenMs }) };
}

interface Run {
  tokens: number;
  /** Steps of one token to time behind the chunk. */
  behind: number;
  /** Whether they are timed in this run, by what the chunk took in milliseconds. */
  mayBeLast: (milliseconds: number) => boolean;
}

/** @returns undefined where the stage has too little memory or room for so many tokens: a session of such a prompt would be refused, too */
async function runOnce(
  stage: LoadedStage,
  description: StageDescription,
  { tokens, behind, mayBeLast }: Run,
): Promise<Omit<PromptStep, 'tokens'> | undefined> {
  const cacheId = trialCacheId;
  try {
    await stage.open({ cacheId, epoch: 0, capacity: tokens + behind, promptLength: tokens });
  } catch {
    return undefined;
  }
  try {
    const inputs = testInputs(description, 0, tokens);
    const begun = performance.now();
    const request = { cacheId, epoch: 0, position: 0, length: tokens, sample: false };
    const { queueMs } = await stage.step({ ...request, ...inputs });
    const milliseconds = Math.max(0, performance.now() - begun - queueMs);
    if (behind === 0 || !mayBeLast(milliseconds)) return { milliseconds };
    const steps = { cacheId, from: tokens, steps: behind, sample: false };
    return { milliseconds, nextTokenMs: await timeTokenSteps(stage, description, steps) };
  } catch {
    return undefined;
  } finally {
    await stage.release(cacheId);
  }
}

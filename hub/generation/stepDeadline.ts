/** How long an answer may stand still before a stage is blamed. */
import type { PromptStep } from '@potluck/protocol';

/** A worker on a busy processor may be so many times slower than when its stage was tried. */
const busyFactor = 20;
/** Shortest deadline by default: a hidden tab is throttled, and the first step on a GPU compiles its programs. */
const defaultLeastMs = 30_000;
/** Longest deadline, also where nothing was measured: a chunk of a prompt on a slow device takes minutes. */
const mostMs = 300_000;
/** Hidden state of a wide model (4,096 numbers of 32 bits) on a line of 50 Mbit/s; `busyFactor` allows for slower lines. */
const transferMsPerToken = 2.5;

/** What a stage measured when it was tried. */
export interface TriedStage {
  /** Milliseconds of a step of one token; missing where that was not measured. */
  tokenStepMs?: number;
  /** How long chunks of a prompt took. */
  promptSteps?: readonly PromptStep[];
}

/** @returns longest time without progress, in milliseconds, where a step of all stages takes `stepMs` */
export function stepDeadlineMs(stepMs: number, leastMs = defaultLeastMs): number {
  return Math.min(mostMs, Math.max(leastMs, busyFactor * stepMs));
}

/**
 * How long all stages and the lines between them take for a step, in milliseconds.
 * @param stages all of a pipeline
 * @param tokens of the step
 * @returns Infinity where a stage did not measure that
 */
export function triedStepMs(stages: readonly TriedStage[], tokens: number): number {
  const computing = stages.reduce((sum, stage) => sum + stageStepMs(stage, tokens), 0);
  return computing + (stages.length - 1) * tokens * transferMsPerToken;
}

/** A chunk takes no longer than a longer chunk that was tried, and no longer than its tokens one by one. */
function stageStepMs({ tokenStepMs = Infinity, promptSteps = [] }: TriedStage, tokens: number): number {
  const longer = promptSteps.filter((step) => step.tokens >= tokens).map(({ milliseconds }) => milliseconds);
  return Math.min(tokens * tokenStepMs, ...longer);
}

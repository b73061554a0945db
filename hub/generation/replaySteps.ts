/**
 * In which steps tokens run again after a loss. Tokens of the prompt run in its chunks, as the first time. Those of the answer ran
 * one by one: several of them are one step where every stage that runs them says that its caches come out the same (`replay`),
 * which takes a small part of the time. Pure.
 */
import type { StageDescription } from '@potluck/protocol';

/** A stage as it goes on. */
export interface ReplayingStage {
  /** Tokens that its cache holds. */
  length: number;
  /** True where it takes several tokens of the answer in one step. */
  joins: boolean;
}

export interface TokensToReplay {
  /** Who gives them to the next stage: the place of a stage that retained them, or -1 for token ids given to the first one. */
  source: number;
  from: number;
  /** Lengths of the steps of the first time. */
  first: readonly number[];
}

export interface ReplayShape {
  promptLength: number;
  /** Most tokens in one step. */
  chunkTokens: number;
  /** Where the step begins that samples: it stays by itself. */
  lastStep: number;
}

/** @returns the lengths of the steps: those of the first time, or several of them in one */
export function replaySteps(
  stages: readonly ReplayingStage[],
  { source, from, first }: TokensToReplay,
  { promptLength, chunkTokens, lastStep }: ReplayShape,
): number[] {
  // Where a stage comes in, a step begins.
  const begins = new Set([lastStep, promptLength, ...stages.map(({ length }) => length)]);
  const steps: number[] = [];
  let at = from;
  for (const length of first) {
    const last = steps.at(-1);
    const mayJoin = last !== undefined && at > promptLength && !begins.has(at);
    if (mayJoin && last + length <= chunkTokens && allJoin(stages, source, at)) {
      steps[steps.length - 1] = last + length;
    } else steps.push(length);
    at += length;
  }
  return steps;
}

/** Whether all stages that run this token, after the one that gives it, take several in one step. */
function allJoin(stages: readonly ReplayingStage[], source: number, token: number): boolean {
  for (const { length, joins } of stages.slice(source + 1)) {
    // It has the token, and whoever comes after it gets what it retained.
    if (length > token) return true;
    if (!joins) return false;
  }
  return true;
}

/**
 * Whether several tokens of an answer may run at a stage in one step: its caches come out the same, and what it gives to the next
 * stage has a row for each token, so that it can be parted and joined.
 */
export function canJoin(stage: {
  replay?: 'chunks' | 'steps';
  description: Pick<StageDescription, 'boundaryOut'>;
}): boolean {
  if (stage.replay !== 'chunks') return false;
  return stage.description.boundaryOut.every(
    ({ dims }) =>
      dims.filter((dim) => dim === 'step').length === 1 && !dims.includes('past') && !dims.includes('total'),
  );
}

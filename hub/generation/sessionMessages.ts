/** What a session sends to its stages until the first token comes. Pure. */
import {
  stepsOf,
  type FromHubMessage,
  type OpenSession,
  type SessionShape,
  type WorkerId,
} from '@potluck/protocol';
import type { ReadyPipeline } from '../pipelines/pipeline.ts';
import type { ResumedStage } from './planResume.ts';
import { canJoin, replaySteps } from './replaySteps.ts';
import type { SessionInit } from './sessionInit.ts';

export interface Message {
  workerId: WorkerId;
  /** What people call the worker. */
  workerName: string;
  message: FromHubMessage;
}

/** All that the stages run before they draw: the prompt and the answer so far. */
export interface Sequence {
  tokens: readonly number[];
  /** Where its last step begins. */
  lastStep: number;
}

/** @param shape in what steps the tokens run */
export function sequenceOf({ prompt, answered }: SessionInit, shape: SessionShape): Sequence {
  const tokens = answered.length === 0 ? prompt : [...prompt, ...answered];
  return { tokens, lastStep: tokens.length - (stepsOf(shape, 0, tokens.length).at(-1) ?? 0) };
}

/**
 * Opens the session at every stage.
 * @param from the cache with which it begins; undefined for an empty one
 * @param alternatives of the likeliest tokens in the place of each of the prompt; undefined where nobody wants to know
 */
export function openings(
  { stages, epoch }: ReadyPipeline,
  init: SessionInit,
  { tokens, lastStep }: Sequence,
  { from, alternatives }: { from: OpenSession['from']; alternatives: number | undefined },
): Message[] {
  const { id: sessionId, cacheId, prompt, resumes, maxTokens, stopTokenIds, chunkTokens } = init;
  const { sampling, constraint } = init;
  const capacity = prompt.length + maxTokens;
  return stages.map(({ workerId, workerName, assignmentId }, index) => {
    const isLast = index === stages.length - 1;
    const message: FromHubMessage = {
      type: 'open-session',
      ...{ sessionId, assignmentId, epoch, cacheId },
      ...(resumes ? { keep: isLast ? lastStep : tokens.length } : {}),
      ...(from ? { from } : {}),
      ...{ capacity, promptLength: prompt.length, lengthLimit: capacity, stopTokenIds, chunkTokens },
      ...(isLast ? { sampling, tokens: [...tokens], ...(constraint ? { constraint } : {}) } : {}),
      ...(isLast && alternatives !== undefined ? { scores: alternatives } : {}),
    };
    return { workerId, workerName, message };
  });
}

/** What follows once the session is open at every stage. */
export interface Beginning {
  messages: Message[];
  /** In any step that the stages are asked for. */
  mostTokensInStep: number;
}

/**
 * Each stage that has a part of the cache goes on from that, and the first one gets the tokens that it lacks.
 * @param resumed how each stage goes on; empty where all begin with nothing
 */
export function beginning(
  { stages, epoch }: ReadyPipeline,
  { id: sessionId, prompt, chunkTokens }: SessionInit,
  { tokens, lastStep }: Sequence,
  shape: SessionShape,
  resumed: readonly ResumedStage[],
): Beginning {
  let mostTokensInStep = 1;
  const replaying = stages.map((stage, index) => ({
    length: resumed[index]?.length ?? 0,
    joins: canJoin(stage),
  }));
  const stepsAgain = (source: number, from: number, to: number): number[] => {
    const steps = replaySteps(
      replaying,
      { source, from, first: stepsOf(shape, from, to) },
      { promptLength: prompt.length, chunkTokens, lastStep },
    );
    // One by one: a long answer may be more steps than a function takes arguments.
    for (const length of steps) mostTokensInStep = Math.max(mostTokensInStep, length);
    return steps;
  };
  const messages = stages.flatMap(({ workerId, workerName, assignmentId }, index): Message[] => {
    const how = resumed[index];
    if (!how) return [];
    const { length, sendFrom } = how;
    const steps = sendFrom < length ? { steps: stepsAgain(index, sendFrom, length) } : {};
    const about = { sessionId, assignmentId, epoch, ...how, sampleAfter: tokens.length, ...steps };
    return [{ workerId, workerName, message: { type: 'resume-session', ...about } }];
  });
  const position = resumed[0]?.length ?? 0;
  const [first] = stages;
  if (first && position < tokens.length) {
    const { workerId, workerName, assignmentId } = first;
    const steps = stepsAgain(-1, position, tokens.length);
    const what = { sessionId, assignmentId, epoch, position, tokens: tokens.slice(position), steps };
    messages.push({ workerId, workerName, message: { type: 'prompt', ...what } });
  }
  return { messages, mostTokensInStep };
}

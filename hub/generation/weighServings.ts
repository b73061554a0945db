/** What decides between the replicas of a model. */
import type { PipelineId } from '@potluck/protocol';
import type { Model } from '../models/model.ts';
import type { GridView } from '../placement/gridView.ts';
import { predictAnswer } from '../placement/prediction/predictSpeed.ts';
import type { RoomyReplica } from './answerRoom.ts';
import type { OwnedPrompt } from './prefixes/prefixIndex.ts';
import type { RequestRecord } from './requestRecord.ts';
import type { Serving } from './servings.ts';

export type WeighedServing = Serving & RoomyReplica & Pick<RequestRecord, 'predicted'>;

export interface AskedAnswer {
  model: Model;
  prompt: OwnedPrompt;
  /** Longest answer in tokens; undefined where the request does not say. */
  maxTokens: number | undefined;
  /** Where another choice of the same request computes the prompt for both. */
  samePromptAt?: PipelineId | undefined;
}

/** Nobody knows beforehand how long an answer gets. */
const usualAnswerTokens = 128;

/** @param loadOf answers that run through a pipeline, and requests that wait for its room */
export function weighServings(
  servings: readonly Serving[],
  { model, prompt, maxTokens, samePromptAt }: AskedAnswer,
  grid: GridView,
  loadOf: (id: PipelineId) => { running: number; waiting: number },
): WeighedServing[] {
  const promptTokens = prompt.prompt.length;
  const answerTokens = Math.min(maxTokens ?? usualAnswerTokens, usualAnswerTokens);
  return servings.map((one) => {
    const { id, stages } = one.pipeline;
    const isHere = stages.every(({ workerId }) => grid.workers.has(workerId));
    const asked = { promptTokens, maxTokens, chunkTokens: one.chunkTokens };
    const predicted = isHere ? predictAnswer(model.package, stages, grid, asked) : null;
    const isSame = samePromptAt === id;
    const cached = isSame ? one.kept.reusableOfSame(promptTokens) : one.kept.reusable(prompt);
    const newPart = (promptTokens - cached) / promptTokens;
    const answerMs = predicted
      ? predicted.firstTokenMs * newPart + (1000 / predicted.tokensPerSecond) * answerTokens
      : Infinity;
    const { largestSession } = one.admission;
    // Prompt and answer are to have room at once.
    const hasRoom = one.admission.hasRoom(promptTokens + (maxTokens ?? 0));
    return { ...one, ...loadOf(id), predicted, answerMs, largestSession, hasRoom };
  });
}

/** Each of its devices works on an answer already, or a further one has to wait for room. */
export const isBusy = ({ running, hasRoom, pipeline }: WeighedServing): boolean =>
  !hasRoom || running >= pipeline.stages.length;

/** What is kept of a request for vectors or scores. Its words are not. */
import type { StageTimings } from '@potluck/protocol';
import type { ReadyStage } from '../../pipelines/pipeline.ts';
import { routeOf } from '../../pipelines/pipeline.ts';
import { GenerationError } from '../generationError.ts';
import type { RequestAuthor, RequestRecord } from '../requestRecord.ts';
import { messageOf } from '../../errors/messageOf.ts';

/** What one worker did for a request. */
export interface EncodingWork {
  stage: ReadyStage;
  texts: number;
  tokens: number;
  queueMs: number;
  computeMs: number;
}

export interface EndedEncoding {
  id: string;
  /** Unix milliseconds. */
  createdAt: number;
  model: string;
  /** Texts that were asked again. */
  repeats: number;
  work: EncodingWork[];
}

export function recordEncoding(
  { id, createdAt, model, repeats, work }: EndedEncoding,
  {
    author,
    arrivedAt,
    texts,
    error,
  }: { author: RequestAuthor; arrivedAt: number; texts: { tokens: number[] }[]; error: unknown },
): RequestRecord {
  const code = error instanceof GenerationError ? error.code : error === undefined ? null : 'stage_failed';
  const status = code === null ? 'done' : code === 'cancelled' ? 'cancelled' : 'failed';
  const stages = work.map(({ stage }) => stage);
  return {
    ...author,
    ...{ id, createdAt, model, status },
    finishedAt: Date.now(),
    stream: false,
    seed: 0,
    promptTokens: texts.reduce((sum, { tokens }) => sum + tokens.length, 0),
    cachedTokens: null,
    completionTokens: 0,
    finishReason: null,
    errorCode: code,
    errorMessage: error === undefined ? null : messageOf(error),
    route: routeOf(stages),
    epoch: 0,
    queueMs: null,
    firstTokenMs: null,
    totalMs: performance.now() - arrivedAt,
    decodeTokensPerSecond: null,
    replays: repeats,
    recovery: null,
    timeline: null,
    times: 1,
    chunkTokens: null,
    predicted: null,
    isTemporary: false,
    prompt: null,
    answer: null,
    stages: work.map(({ stage, ...done }) => ({
      workerId: stage.workerId,
      worker: stage.workerName,
      firstLayer: stage.firstLayer,
      lastLayer: stage.lastLayer,
      timings: timingsOf(done),
    })),
  };
}

function timingsOf({ texts, tokens, queueMs, computeMs }: Omit<EncodingWork, 'stage'>): StageTimings {
  const none = { tokenSteps: 0, tokenStepsMs: 0, encodeMs: 0, decodeMs: 0, wireMs: 0 };
  const unknown = { bytesIn: 0, bytesOut: 0, relayedFrames: 0 };
  return { steps: texts, tokens, queueMs, computeMs, promptStepsMs: computeMs, ...none, ...unknown };
}

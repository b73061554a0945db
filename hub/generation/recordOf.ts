/** The row that is kept of a request, as things are now. */
import type { AssignmentId, StageTimings } from '@potluck/protocol';
import { routeOf, type ReadyPipeline } from '../pipelines/pipeline.ts';
import type { GenerationInit } from './generationInit.ts';
import type { GenerationTimes } from './generationTimes.ts';
import type { Losses } from './losses.ts';
import type { RequestRecord, StageRecord } from './requestRecord.ts';

/** What is known of an answer by now. */
export interface AnswerSoFar {
  status: RequestRecord['status'];
  /** Of the attempt that goes on, or was the last. */
  pipeline: ReadyPipeline;
  completionTokens: number;
  /** Null until a session is open. */
  cachedTokens: number | null;
  times: GenerationTimes;
  losses: Losses;
  /** Where words are kept. */
  text: string | null;
  /** What the stages have told by now. */
  timings: ReadonlyMap<AssignmentId, StageTimings>;
}

export function recordOf(init: GenerationInit, soFar: AnswerSoFar): RequestRecord {
  const { status, pipeline, completionTokens, cachedTokens, times, losses, text, timings } = soFar;
  const { recovery, pauses } = status === 'running' ? losses.soFar : losses;
  const { id, createdAt, model, stream, seed, promptTokens, chunkTokens, predicted, isTemporary } = init;
  return {
    ...{ id, createdAt, finishedAt: null, model, status, stream, seed },
    ...{ promptTokens, completionTokens, cachedTokens, times: 1 },
    ...{ finishReason: null, errorCode: null, errorMessage: null },
    route: routeOf(pipeline.stages),
    epoch: pipeline.epoch,
    queueMs: times.queueMs,
    firstTokenMs: times.firstTokenMs,
    totalMs: null,
    decodeTokensPerSecond: times.tokensPerSecond(completionTokens),
    replays: recovery.replays,
    recovery: recovery.replays > 0 || (status === 'running' && pauses.length > 0) ? recovery : null,
    timeline: { preparedMs: times.preparedMs, lastTokenMs: times.lastTokenMs, pauses },
    ...{ chunkTokens, predicted, ...init.author, isTemporary },
    prompt: init.words ?? null,
    answer: text,
    stages: stagesOf(pipeline, timings),
  };
}

function stagesOf({ stages }: ReadyPipeline, timings: AnswerSoFar['timings']): StageRecord[] {
  return stages.map(({ assignmentId, workerId, workerName, firstLayer, lastLayer }) => {
    const known = timings.get(assignmentId);
    return { workerId, worker: workerName, firstLayer, lastLayer, ...(known ? { timings: known } : {}) };
  });
}

/** What was asked, and where the time went. */
import { z } from 'zod';
import { Count, Timestamp } from './common.ts';
import { PredictedAnswer } from './predictions.ts';

/** `refused`: nothing was computed for it; `errorCode` and `errorMessage` say why. */
export const RequestStatus = z.enum(['running', 'done', 'failed', 'cancelled', 'interrupted', 'refused']);
export type RequestStatus = z.infer<typeof RequestStatus>;

const Milliseconds = z.number().nonnegative();

/** One stage's part in a request; the numbers are null where its worker did not tell. */
export const RequestStage = z
  .object({
    workerId: z.string(),
    worker: z.string(),
    firstLayer: Count,
    lastLayer: Count,
    queueMs: Milliseconds.nullable(),
    computeMs: Milliseconds.nullable(),
    transferMs: Milliseconds.nullable(),
    tokens: Count.nullable(),
    steps: Count.nullable(),
    bytesIn: Count.nullable(),
    bytesOut: Count.nullable(),
    path: z.enum(['direct', 'relayed']).nullable(),
    /** As the stage sent them. */
    timings: z.record(z.string(), z.number()).nullable(),
  })
  .meta({ id: 'RequestStage' });
export type RequestStage = z.infer<typeof RequestStage>;

/** A request in a list. Times are milliseconds. */
export const RequestSummary = z
  .object({
    id: z.string(),
    createdAt: Timestamp,
    finishedAt: Timestamp.nullable(),
    model: z.string(),
    status: RequestStatus,
    stream: z.boolean(),
    seed: Count,
    /** `chat`: the app's own; `api`: a program. */
    source: z.enum(['chat', 'api']),
    /** Name of the API key, where one was used. */
    key: z.string().nullable(),
    /** True where the caller wrote it. */
    mine: z.boolean(),
    /** Above 1: the same was refused so often within a minute. */
    times: Count,
    promptTokens: Count,
    /** Of the prompt, those that were computed before; null where that is not known. */
    cachedTokens: Count.nullable(),
    completionTokens: Count,
    finishReason: z.string().nullable(),
    errorCode: z.string().nullable(),
    errorMessage: z.string().nullable(),
    /** `worker[first-last],…` */
    route: z.string(),
    epoch: Count,
    queueMs: Milliseconds.nullable(),
    /** From arrival to the first token. */
    firstTokenMs: Milliseconds.nullable(),
    totalMs: Milliseconds.nullable(),
    /** Decode speed: tokens after the first, by the time after it; null with fewer than two. */
    tokensPerSecond: z.number().nullable(),
    /** How often the answer went on with other devices after some were lost. */
    replays: Count,
    /** What lost devices cost it; null where none was lost. */
    recovery: z
      .object({
        replays: Count,
        /** Tokens that some stage ran once more. */
        recomputedTokens: Count,
        /** From the last token before each loss until the next one, in all. */
        pauseMs: Milliseconds,
        /** Names of the devices that were lost. */
        lost: z.array(z.string()),
      })
      .nullable(),
    /** When what happened, since its arrival; null where nothing ran, and for requests of older versions. */
    timeline: z
      .object({
        /** When its prompt was made of its words, and it asked for room. */
        preparedMs: Milliseconds,
        lastTokenMs: Milliseconds.nullable(),
        /** Times without tokens after a device was lost. */
        pauses: z.array(z.object({ fromMs: Milliseconds, toMs: Milliseconds, lost: z.array(z.string()) })),
      })
      .nullable(),
    /** Longest chunk in which the prompt ran, in tokens; null where it is not known. */
    chunkTokens: Count.nullable(),
    /** What was predicted when it came; null where nothing was. Answers that run beside others are slower. */
    predicted: PredictedAnswer.nullable(),
    stages: z.array(RequestStage),
  })
  .meta({ id: 'RequestSummary' });
export type RequestSummary = z.infer<typeof RequestSummary>;

/** A request with its words, where they were kept and the caller may read them. */
export const RequestDetail = RequestSummary.extend({
  prompt: z.array(z.object({ role: z.string(), content: z.string() })).nullable(),
  answer: z.string().nullable(),
  /** Why there are no words: `not-kept` (see settings), `temporary` (asked so), `not-yours`; null where there are. */
  wordsMissing: z.enum(['not-kept', 'temporary', 'not-yours']).nullable(),
}).meta({ id: 'RequestDetail' });
export type RequestDetail = z.infer<typeof RequestDetail>;

/**
 * `GET /api/requests`; without limit and cursor, `GET /api/requests/export` (JSON lines) and `DELETE /api/requests`. What is
 * not known is refused: a filter that was ignored would delete more than was meant.
 */
export const RequestQuery = z.strictObject({
  status: RequestStatus.optional(),
  model: z.string().max(200).optional(),
  source: z.enum(['chat', 'api']).optional(),
  /** Found in id, model, names of devices, key and error, and in words that the caller may read. */
  search: z.string().max(200).optional(),
  /** Unix milliseconds. */
  since: z.coerce.number().int().nonnegative().optional(),
  until: z.coerce.number().int().nonnegative().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  /** `next` of the page before. */
  cursor: z.string().max(200).optional(),
});
export type RequestQuery = z.infer<typeof RequestQuery>;

export const RequestPage = z
  .object({ requests: z.array(RequestSummary), total: Count, next: z.string().nullable() })
  .meta({ id: 'RequestPage' });
export type RequestPage = z.infer<typeof RequestPage>;

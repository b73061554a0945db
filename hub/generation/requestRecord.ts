/** What the hub keeps of a request. Its words are among it only where the settings say so. */
import type { PredictedAnswer } from '@potluck/api';
import type { StageTimings, WorkerId } from '@potluck/protocol';
import type { Recovery } from './attempt.ts';

/** One stage's part of a request; `timings` is missing where its worker did not tell. */
export interface StageRecord {
  workerId: WorkerId;
  worker: string;
  firstLayer: number;
  lastLayer: number;
  timings?: StageTimings;
}

/** Who asked, and from where. */
export interface RequestAuthor {
  /** Whose words they are: `local`, `key:<id>` or `browser:<hash>`. */
  owner: string;
  /** The API key that was used. */
  keyId: string | null;
  keyName: string | null;
  /** `chat`: the app's own. */
  source: 'chat' | 'api';
}

/** Who said what in a prompt. */
export interface Words {
  role: string;
  content: string;
}

/** When a lost device made an answer wait; milliseconds since the request's arrival. */
export interface Pause {
  fromMs: number;
  toMs: number;
  /** Workers that were lost or failed, by their names. */
  lost: string[];
}

/** When what happened to a request, in milliseconds since its arrival. */
export interface Timeline {
  /** When its prompt was made of its words, and it asked for room. */
  preparedMs: number;
  lastTokenMs: number | null;
  /** In order; the first `mostPauses`. */
  pauses: Pause[];
}

export const mostPauses = 50;

export interface RequestRecord extends RequestAuthor {
  id: string;
  /** Unix milliseconds. */
  createdAt: number;
  finishedAt: number | null;
  model: string;
  /** `refused`: nothing was computed for it. */
  status: 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted' | 'refused';
  /** Above 1: the same was refused so often within a minute. */
  times: number;
  stream: boolean;
  seed: number;
  promptTokens: number;
  /** Of the prompt, those that were computed before; null where that is not known, and in records of older versions. */
  cachedTokens: number | null;
  completionTokens: number;
  finishReason: string | null;
  errorCode: string | null;
  errorMessage: string | null;
  /** `worker[first-last],…`; layers counted from 0. */
  route: string;
  epoch: number;
  /** Waiting for cache room, in milliseconds. */
  queueMs: number | null;
  /** From the request's arrival to its first token, in milliseconds. */
  firstTokenMs: number | null;
  totalMs: number | null;
  /** Tokens after the first, by the time that they took. */
  decodeTokensPerSecond: number | null;
  /** How often the answer went on with other devices, or in a new epoch. */
  replays: number;
  /** What lost devices cost it; null where none was lost, and in records of older versions. */
  recovery: Recovery | null;
  /** Null where nothing ran, and in records of older versions. */
  timeline: Timeline | null;
  /** Longest chunk in which the prompt ran, in tokens; null in records of older versions. */
  chunkTokens: number | null;
  /** As if it had the pipeline for itself; null in records of older versions, and where a worker was just gone. */
  predicted: PredictedAnswer | null;
  /** True where its words were not to be kept, whatever the settings say; false in records of older versions. */
  isTemporary: boolean;
  prompt: Words[] | null;
  answer: string | null;
  stages: StageRecord[];
}

/** What the hub keeps of a request. Prompts and answers are not among it. */
import type { StageTimings, WorkerId } from '@potluck/protocol';

/** One stage's part of a request; `timings` is missing where its worker was gone before it could tell. */
export interface StageRecord {
  workerId: WorkerId;
  worker: string;
  firstLayer: number;
  lastLayer: number;
  timings?: StageTimings;
}

export interface RequestRecord {
  id: string;
  /** Unix milliseconds. */
  createdAt: number;
  finishedAt: number | null;
  model: string;
  status: 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';
  stream: boolean;
  seed: number;
  promptTokens: number;
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
  stages: StageRecord[];
}

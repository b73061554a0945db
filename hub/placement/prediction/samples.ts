import type { WorkerId } from '@potluck/protocol';

/** What a worker's step of one token took. */
export interface StepSample {
  model: string;
  /** Weights that the step read. */
  weightBytes: number;
  /** What it read of caches, in bytes. Default 0. */
  cacheBytes?: number;
  milliseconds: number;
  /** `served`: in answers; `tried`: when the stage was loaded. */
  source: 'served' | 'tried';
  /** True where nobody looked at the tab, whose browser then throttles it. */
  hidden?: boolean;
  /** When it came, by a `Clock` of this run of the hub; missing where an earlier run was told. */
  at?: number;
}

/** What a worker's step took that ran a chunk of a prompt. */
export interface PromptSample extends Omit<StepSample, 'cacheBytes'> {
  /** Tokens of the chunk. */
  tokens: number;
  /** Of first stages in answers that had no company: what the request took beside its stages' steps. */
  request?: RequestSample;
}

/** What a request takes until its first token beside the steps of the stages: template, tokenizer, opening, ways. */
export interface RequestSample {
  milliseconds: number;
  /** Tokens of the whole prompt. */
  promptTokens: number;
  /** Ways from worker to worker that its prompt went. */
  ways: number;
}

/** What it took in an answer to hand a token on to another worker: writing, sending, reading, waking up. */
export interface WaySample {
  to: WorkerId;
  relayed: boolean;
  milliseconds: number;
}

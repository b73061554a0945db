/** What a worker's step of one token took. */
export interface StepSample {
  model: string;
  /** Weights that the step read. */
  weightBytes: number;
  milliseconds: number;
  /** `served`: in answers; `tried`: when the stage was loaded. */
  source: 'served' | 'tried';
  /** True where nobody looked at the tab, whose browser then throttles it. */
  hidden?: boolean;
}

/** What a worker's step took that ran a chunk of a prompt. */
export interface PromptSample extends StepSample {
  /** Tokens of the chunk. */
  tokens: number;
}

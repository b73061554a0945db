/** Why a generation was refused or ended without its answer; the API turns it into a status and an error body. */

/** A pipeline that was lost is usually put together again by then. */
export const retryWhileLoadingSeconds = 5;

export type GenerationErrorCode =
  | 'context_length_exceeded'
  | 'template_refused'
  | 'messages_unreadable'
  | 'request_too_large'
  | 'rate_limit_exceeded'
  | 'model_loading'
  | 'no_capacity'
  | 'worker_lost'
  | 'stage_failed'
  | 'stage_timeout'
  | 'cancelled';

/** Thrown by a generation. */
export class GenerationError extends Error {
  override readonly name = 'GenerationError';
  readonly code: GenerationErrorCode;
  /** Seconds after which trying again can help. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: GenerationErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** Why a generation was refused or ended without its answer. */
import { DomainError, type ErrorKind } from '../errors/domainError.ts';

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
  | 'no_longer_served'
  | 'hub_stopped'
  | 'stage_failed'
  | 'constraint_failed'
  | 'constraint_refused'
  | 'stage_timeout'
  | 'conflict'
  | 'cancelled';

const kinds: Record<GenerationErrorCode, ErrorKind> = {
  context_length_exceeded: 'invalid',
  template_refused: 'invalid',
  messages_unreadable: 'invalid',
  request_too_large: 'too-large',
  rate_limit_exceeded: 'busy',
  model_loading: 'unavailable',
  no_capacity: 'unavailable',
  worker_lost: 'unavailable',
  no_longer_served: 'unavailable',
  hub_stopped: 'unavailable',
  stage_failed: 'failed',
  constraint_failed: 'unusable',
  constraint_refused: 'invalid',
  stage_timeout: 'timeout',
  conflict: 'conflict',
  cancelled: 'cancelled',
};

/** The prompt, as far as a generation knows; a surface names its own parameter instead. */
export const promptParam = 'prompt';

/** Thrown by a generation. */
export class GenerationError extends DomainError {
  override readonly name = 'GenerationError';
  readonly code: GenerationErrorCode;
  readonly kind: ErrorKind;
  /** Names of the workers that were lost or failed, where that is what happened. */
  readonly workers: readonly string[] | undefined;

  constructor(
    code: GenerationErrorCode,
    message: string,
    options: {
      cause?: unknown;
      retryAfterSeconds?: number;
      param?: string | undefined;
      workers?: readonly string[];
    } = {},
  ) {
    super(message, {
      ...options,
      param: options.param ?? (kinds[code] === 'invalid' ? promptParam : undefined),
    });
    this.code = code;
    this.kind = kinds[code];
    this.workers = options.workers;
  }
}

/** Nobody wants the answer any more. @param cause what failed for that */
export function cancelled(cause?: unknown): GenerationError {
  return new GenerationError('cancelled', 'the request was cancelled', { cause });
}

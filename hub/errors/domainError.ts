/**
 * What went wrong, in kinds that do not depend on how it is told: HTTP makes a status of a kind (`http/apiError.ts`),
 * the command line an exit code.
 */
export type ErrorKind =
  /** The request can't be understood, or its parts contradict each other. */
  | 'invalid'
  /** It may not be done here, or not by this caller. */
  | 'forbidden'
  | 'not-found'
  /** It contradicts what is there, or somebody else changed it meanwhile. */
  | 'conflict'
  | 'too-large'
  /** It was understood, and what it names can't be used. */
  | 'unusable'
  /** Too much at once; later it may go. */
  | 'busy'
  | 'cancelled'
  /** Something that does the work is missing; later it may be there. */
  | 'unavailable'
  /** Another service gave no answer that can be used. */
  | 'upstream'
  | 'timeout'
  /** The disk takes nothing more. */
  | 'storage'
  | 'failed';

export interface DomainErrorOptions {
  cause?: unknown;
  /** Part of the request that is wrong, such as `stages[1].firstLayer`. */
  param?: string | undefined;
  /** Seconds after which trying again can help. */
  retryAfterSeconds?: number | undefined;
}

/** An error that the hub foresaw. Its message says what is wrong and the way out, and may be shown to whoever asked. */
export abstract class DomainError extends Error {
  abstract readonly kind: ErrorKind;
  /** Stable, for programs. */
  abstract readonly code: string;
  readonly param: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, options: DomainErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.param = options.param;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

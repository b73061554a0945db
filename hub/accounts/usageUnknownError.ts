import { DomainError } from '../errors/domainError.ts';

/** Thrown where a key has a daily limit, and nobody knows how much of it was used. */
export class UsageUnknownError extends DomainError {
  override readonly name = 'UsageUnknownError';
  readonly kind = 'unavailable';
  readonly code = 'database_unreachable';

  constructor(keyName: string, cause: DomainError) {
    super(
      `The key '${keyName}' has a daily limit, and how much of it was used is in the hub's database, which does not answer now. ` +
        'Try again in some seconds; keys without a daily limit go on meanwhile.',
      { cause, retryAfterSeconds: cause.retryAfterSeconds ?? 5 },
    );
  }
}

import { DomainError } from '../errors/domainError.ts';

/** Thrown where the hub was started with its join token, so that another one would last until the next start only. */
export class OwnTokenGivenError extends DomainError {
  override readonly name = 'OwnTokenGivenError';
  readonly kind = 'conflict';
  readonly code = 'conflict';

  constructor() {
    super(
      'The hub was started with its join token. Start the hub with another one (--join-token), or without.',
    );
  }
}

import { DomainError } from '../errors/domainError.ts';

/** Thrown where a search ends without a result. */
export class SearchError extends DomainError {
  override readonly name = 'SearchError';
  readonly kind: 'too-large' | 'cancelled';
  readonly code: 'search_too_large' | 'cancelled';

  constructor(kind: SearchError['kind'], message: string) {
    super(message, { param: 'search' });
    this.kind = kind;
    this.code = kind === 'cancelled' ? kind : 'search_too_large';
  }
}

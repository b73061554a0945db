import { DomainError, type ErrorKind } from '../../errors/domainError.ts';

type RemoteHubErrorCode =
  | 'hub_unreachable'
  | 'repository_not_found'
  | 'repository_gated'
  | 'hub_failed'
  | 'no_decoder'
  | 'incomplete';

const kinds: Record<RemoteHubErrorCode, ErrorKind> = {
  hub_unreachable: 'upstream',
  repository_not_found: 'not-found',
  repository_gated: 'forbidden',
  hub_failed: 'upstream',
  no_decoder: 'unusable',
  incomplete: 'unusable',
};

/** Thrown where the Hugging Face Hub, or a mirror of it, does not give what it was asked for. */
export class RemoteHubError extends DomainError {
  override readonly name = 'RemoteHubError';
  readonly code: RemoteHubErrorCode;
  readonly kind: ErrorKind;

  constructor(code: RemoteHubErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.kind = kinds[code];
  }
}

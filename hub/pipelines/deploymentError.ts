import { DomainError, type ErrorKind } from '../errors/domainError.ts';

/** `conflict`: somebody else changed it meanwhile. */
type DeploymentErrorCode = 'bad_plan' | 'conflict' | 'not_deployed' | 'unknown_model';

const kinds: Record<DeploymentErrorCode, ErrorKind> = {
  bad_plan: 'invalid',
  conflict: 'conflict',
  not_deployed: 'not-found',
  unknown_model: 'not-found',
};

/** Thrown where a deployment can't be made, changed or removed as asked. */
export class DeploymentError extends DomainError {
  override readonly name = 'DeploymentError';
  readonly code: DeploymentErrorCode;
  readonly kind: ErrorKind;

  /** @param param part of the request that is wrong */
  constructor(code: DeploymentErrorCode, message: string, param?: string) {
    super(message, { param });
    this.code = code;
    this.kind = kinds[code];
  }
}

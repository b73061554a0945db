import { DomainError, type ErrorKind } from '../../errors/domainError.ts';

type ImportErrorCode = 'import_not_found' | 'conflict' | 'not_allowed' | 'bad_upload' | 'too_large';

const kinds: Record<ImportErrorCode, ErrorKind> = {
  import_not_found: 'not-found',
  conflict: 'conflict',
  not_allowed: 'forbidden',
  bad_upload: 'invalid',
  too_large: 'too-large',
};

/** Thrown where an import can't be begun, or changed as asked. */
export class ImportError extends DomainError {
  override readonly name = 'ImportError';
  readonly code: ImportErrorCode;
  readonly kind: ErrorKind;

  /** @param param part of the request that is wrong */
  constructor(code: ImportErrorCode, message: string, param?: string) {
    super(message, { param });
    this.code = code;
    this.kind = kinds[code];
  }
}

import { DomainError } from '../errors/domainError.ts';

/** Thrown where a file could not be kept; the disk is full or the folder can't be written. */
export class StorageError extends DomainError {
  override readonly name = 'StorageError';
  readonly kind = 'storage';
  readonly code = 'no_space';
}

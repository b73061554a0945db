import { DomainError } from '../errors/domainError.ts';

/** Thrown where somebody else changed the settings since they were looked at. */
export class SettingsConflict extends DomainError {
  override readonly name = 'SettingsConflict';
  readonly kind = 'conflict';
  readonly code = 'conflict';
}

/** Thrown where settings need each other. */
export class SettingsIncomplete extends DomainError {
  override readonly name = 'SettingsIncomplete';
  readonly kind = 'invalid';
  readonly code = 'invalid_value';
}

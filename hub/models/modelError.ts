import { DomainError } from '../errors/domainError.ts';

/** Thrown where a directory holds no model that the hub can run, or a model id is unknown. */
export class ModelError extends DomainError {
  override readonly name = 'ModelError';
  readonly kind = 'unusable';
  readonly code = 'model_error';
  /** True where the model was here, and its files are damaged or gone. */
  readonly isDamaged: boolean;

  constructor(message: string, options: { cause?: unknown; isDamaged?: boolean } = {}) {
    super(message, options);
    this.isDamaged = options.isDamaged ?? false;
  }
}

/** Errors of the hub as a program. Each message says what is wrong and the way out. */

/** Thrown for what the person who starts the hub can put right: flags, ports, folders, models. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** Thrown where a file could not be kept; the disk is full or the folder can't be written. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
}

/** Thrown where a directory holds no model that the hub can run, or a model id is unknown. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  /** True where the model was here, and its files are damaged or gone. */
  readonly isDamaged: boolean;

  constructor(message: string, options: { cause?: unknown; isDamaged?: boolean } = {}) {
    super(message, options);
    this.isDamaged = options.isDamaged ?? false;
  }
}

/** Thrown where a conversation could not be turned into tokens with the time and the memory that there is. */
export class EncodingError extends Error {
  override readonly name = 'EncodingError';
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's code of a failed file or network operation, such as `ENOSPC`. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

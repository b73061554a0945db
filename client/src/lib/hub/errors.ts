/** Thrown when the hub answers with an error: what it said, and the code by which a page can tell what to do. */
export class HubError extends Error {
  override readonly name = 'HubError';
  readonly status: number;
  readonly code: string | undefined;

  constructor(message: string, status: number, code?: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** True where a key or a password is what is missing. */
  get wantsKey(): boolean {
    return this.status === 401;
  }
}

/** Thrown when the hub does not answer at all. */
export class HubUnreachableError extends Error {
  override readonly name = 'HubUnreachableError';

  constructor(options?: ErrorOptions) {
    super(
      'The hub isn’t answering. Check that it is running and that this device is on the same network.',
      options,
    );
  }
}

/** Thrown when the connection ends in the middle of an answer. */
export class HubLostError extends Error {
  override readonly name = 'HubLostError';

  constructor(options?: ErrorOptions) {
    super('Lost the connection to the hub while it was answering.', options);
  }
}

/** What to show a person of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

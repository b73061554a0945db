/** Why a call is not done as asked. Answered to the hub that calls; the message says what to do. */
export class CallError extends Error {
  override readonly name = 'CallError';
  /** HTTP status: 400 for a call that is not understood, 409 where the worker is in another service, 422 otherwise. */
  readonly status: 400 | 404 | 409 | 413 | 422;

  constructor(status: CallError['status'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

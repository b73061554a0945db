/** Thrown where the Hugging Face Hub, or a mirror of it, does not give what it was asked for. */
export class RemoteHubError extends Error {
  override readonly name = 'RemoteHubError';
  readonly code:
    | 'hub_unreachable'
    | 'repository_not_found'
    | 'repository_gated'
    | 'hub_failed'
    | 'no_decoder'
    | 'incomplete';

  constructor(code: RemoteHubError['code'], message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

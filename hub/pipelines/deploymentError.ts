/** Thrown where a deployment can't be made, changed or removed as asked. */
export class DeploymentError extends Error {
  override readonly name = 'DeploymentError';
  /** `conflict`: somebody else changed it meanwhile. */
  readonly code: 'bad_plan' | 'conflict' | 'not_deployed' | 'unknown_model';
  /** Part of the request that is wrong. */
  readonly param: string | undefined;

  constructor(code: DeploymentError['code'], message: string, param?: string) {
    super(message);
    this.code = code;
    this.param = param;
  }
}

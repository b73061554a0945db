/** Errors in the shape that OpenAI's clients read: `{error: {message, type, param, code}}`. */
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { TooManyPasswords } from '../accounts/hashQueue.ts';
import { CallFailure } from '../workers/calling/callFailure.ts';
import { ModelError, StorageError } from '../errors.ts';
import { fullDiskError, isFullDisk } from '../files/fullDisk.ts';
import { GenerationError } from '../generation/generationError.ts';
import { ImportError } from '../models/imports/importRecord.ts';
import { RemoteHubError } from '../models/remote/remoteHubError.ts';
import { DeploymentError } from '../pipelines/deploymentError.ts';
import { SettingsConflict, SettingsIncomplete } from '../settings/hubSettings.ts';

export interface ApiErrorBody {
  error: { message: string; type: string; param: string | null; code: string | null };
}

export interface ApiErrorInit {
  code?: string;
  /** Name of the parameter that is wrong, such as `messages[0].content`. */
  param?: string;
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** Thrown by routes; answered as JSON with its status. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: ContentfulStatusCode;
  readonly code: string | null;
  readonly param: string | null;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: ContentfulStatusCode, message: string, init: ApiErrorInit = {}) {
    super(message, init.cause === undefined ? {} : { cause: init.cause });
    this.status = status;
    this.code = init.code ?? null;
    this.param = init.param ?? null;
    this.retryAfterSeconds = init.retryAfterSeconds;
  }

  get body(): ApiErrorBody {
    return { error: { message: this.message, type: this.#type, param: this.param, code: this.code } };
  }

  get #type(): string {
    if (this.status === 429) return 'rate_limit_error';
    if (this.status === 403) return 'permission_error';
    return this.status >= 500 ? 'server_error' : 'invalid_request_error';
  }
}

/** Turns whatever was thrown into an API error; what nobody foresaw tells no details. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof GenerationError) return fromGenerationError(error);
  if (error instanceof DeploymentError) return fromDeploymentError(error);
  if (error instanceof ImportError) return fromImportError(error);
  if (error instanceof RemoteHubError) return fromRemoteHubError(error);
  if (error instanceof CallFailure)
    return new ApiError(422, error.message, { code: `not_${error.step}`, cause: error });
  if (error instanceof StorageError || isFullDisk(error)) {
    const { message } = error instanceof StorageError ? error : fullDiskError(error);
    return new ApiError(507, message, { code: 'no_space', cause: error });
  }
  if (error instanceof SettingsIncomplete)
    return new ApiError(400, error.message, { code: 'invalid_value', cause: error });
  if (error instanceof SettingsConflict)
    return new ApiError(409, error.message, { code: 'conflict', cause: error });
  if (error instanceof TooManyPasswords)
    return new ApiError(429, error.message, {
      code: 'rate_limit_exceeded',
      retryAfterSeconds: 5,
      cause: error,
    });
  if (error instanceof ModelError)
    return new ApiError(422, error.message, { code: 'model_error', cause: error });
  return new ApiError(500, 'The hub failed; its log says why.', { code: 'internal_error', cause: error });
}

function fromDeploymentError(error: DeploymentError): ApiError {
  const { code, message, param } = error;
  const init = { code, cause: error, ...(param === undefined ? {} : { param }) };
  switch (code) {
    case 'bad_plan':
      return new ApiError(400, message, init);
    case 'conflict':
      return new ApiError(409, message, init);
    case 'not_deployed':
    case 'unknown_model':
      return new ApiError(404, message, init);
  }
}

function fromImportError(error: ImportError): ApiError {
  const { code, message, param } = error;
  const init = { code, cause: error, ...(param === undefined ? {} : { param }) };
  switch (code) {
    case 'bad_upload':
      return new ApiError(400, message, init);
    case 'not_allowed':
      return new ApiError(403, message, init);
    case 'import_not_found':
      return new ApiError(404, message, init);
    case 'conflict':
      return new ApiError(409, message, init);
    case 'too_large':
      return new ApiError(413, message, init);
  }
}

function fromRemoteHubError(error: RemoteHubError): ApiError {
  const { code, message } = error;
  const init = { code, cause: error };
  switch (code) {
    case 'repository_not_found':
      return new ApiError(404, message, init);
    case 'repository_gated':
      return new ApiError(403, message, init);
    case 'no_decoder':
    case 'incomplete':
      return new ApiError(422, message, init);
    case 'hub_failed':
    case 'hub_unreachable':
      return new ApiError(502, message, init);
  }
}

function fromGenerationError(error: GenerationError): ApiError {
  const { code, message, retryAfterSeconds } = error;
  const init = {
    code,
    cause: error,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
  switch (code) {
    case 'context_length_exceeded':
    case 'template_refused':
    case 'messages_unreadable':
      return new ApiError(400, message, { ...init, param: 'messages' });
    case 'request_too_large':
      return new ApiError(413, message, init);
    case 'rate_limit_exceeded':
      return new ApiError(429, message, init);
    case 'model_loading':
    case 'no_capacity':
    case 'worker_lost':
      return new ApiError(503, message, init);
    case 'stage_failed':
      return new ApiError(500, message, init);
    case 'stage_timeout':
      return new ApiError(504, message, init);
    case 'cancelled':
      return new ApiError(408, message, init);
  }
}

/** The error as a response. */
export function apiErrorResponse(c: Context, error: ApiError): Response {
  if (error.retryAfterSeconds !== undefined) c.header('retry-after', String(error.retryAfterSeconds));
  if (error.status === 401) c.header('www-authenticate', 'Bearer');
  return c.json(error.body, error.status);
}

/** Errors in the shape that OpenAI's clients read: `{error: {message, type, param, code}}`. */
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { DomainError, type ErrorKind } from '../errors/domainError.ts';
import { fullDiskError, isFullDisk } from '../files/fullDisk.ts';
import { StorageError } from '../files/storageError.ts';

export interface ApiErrorBody {
  error: { message: string; type: string; param: string | null; code: string | null };
}

export interface ApiErrorInit {
  /** For programs. Default with status 400: `invalid_value`. */
  code?: string;
  /** Name of the parameter that is wrong, such as `messages[0].content`. */
  param?: string | undefined;
  retryAfterSeconds?: number | undefined;
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
    this.code = init.code ?? (status === 400 ? 'invalid_value' : null);
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

/** What HTTP says for each kind of error. */
const statuses = {
  invalid: 400,
  forbidden: 403,
  'not-found': 404,
  cancelled: 408,
  conflict: 409,
  'too-large': 413,
  unusable: 422,
  busy: 429,
  failed: 500,
  upstream: 502,
  unavailable: 503,
  timeout: 504,
  storage: 507,
} satisfies Record<ErrorKind, ContentfulStatusCode>;

/** Turns whatever was thrown into an API error; what nobody foresaw tells no details. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const foreseen = foreseenIn(error);
  if (!foreseen) {
    return new ApiError(500, 'The hub failed; its log says why.', { code: 'internal_error', cause: error });
  }
  const { kind, code, message, param, retryAfterSeconds } = foreseen;
  return new ApiError(statuses[kind], message, { code, param, retryAfterSeconds, cause: error });
}

/** A full disk is told as that, whatever failed because of it. */
function foreseenIn(error: unknown): DomainError | undefined {
  if (isFullDisk(error) && !(error instanceof StorageError)) return fullDiskError(error);
  return error instanceof DomainError ? error : undefined;
}

declare module 'hono' {
  interface ContextVariableMap {
    /** Errors in the shape of another API than OpenAI's, where the request is for one. */
    describeError: ((c: Context, error: ApiError) => object) | undefined;
  }
}

/** The error as a response, in the shape of the API that was asked. */
export function apiErrorResponse(c: Context, error: ApiError): Response {
  if (error.retryAfterSeconds !== undefined) c.header('retry-after', String(error.retryAfterSeconds));
  if (error.status === 401) c.header('www-authenticate', 'Bearer');
  return c.json(c.get('describeError')?.(c, error) ?? error.body, error.status);
}

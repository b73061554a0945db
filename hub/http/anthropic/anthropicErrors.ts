/** Errors in the shape that Anthropic's clients read: `{type: "error", error: {type, message}, request_id}`. */
import type Anthropic from '@anthropic-ai/sdk';
import type { Context, MiddlewareHandler } from 'hono';
import type { ApiError } from '../apiError.ts';

/** Anthropic's documentation has one type more than its package. */
type ErrorType = Anthropic.ErrorType | 'request_too_large';

const types: Partial<Record<number, ErrorType>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  408: 'timeout_error',
  409: 'conflict_error',
  413: 'request_too_large',
  415: 'invalid_request_error',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
};

/** Lets errors of Anthropic's paths, and of others where a client of Anthropic asks, have Anthropic's shape. */
export function anthropicErrors(): MiddlewareHandler {
  return async function setErrorShape(c, next) {
    if (/^(\/v1)?\/messages(\/|$)/.test(c.req.path) || isAnthropicClient(c)) {
      c.set('describeError', (context, error) => {
        const { requestId } = context.var;
        context.header('request-id', requestId);
        return anthropicError(error, requestId);
      });
    }
    await next();
  };
}

/** Every client of Anthropic's API says which version of it is meant. */
export function isAnthropicClient(c: Context): boolean {
  return c.req.header('anthropic-version') !== undefined;
}

export function anthropicError({ status, code, message, param }: ApiError, requestId: string) {
  // By these words clients know that a conversation must be made shorter.
  const isTooLong = code === 'context_length_exceeded' && param !== 'max_tokens';
  return {
    type: 'error' as const,
    error: {
      type: types[status] ?? 'api_error',
      message: isTooLong ? `prompt is too long: ${message}` : message,
    },
    request_id: requestId,
  } satisfies Omit<Anthropic.ErrorResponse, 'error'> & { error: { type: ErrorType; message: string } };
}

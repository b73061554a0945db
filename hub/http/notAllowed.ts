import type { Context } from 'hono';
import { ApiError } from './apiError.ts';

/** A path that is there, asked in a way that it does not know: says which ways it knows, in `Allow` too. */
export function notAllowed(c: Context, methods: readonly string[]): ApiError {
  c.header('allow', methods.join(', '));
  const message = `${c.req.method} is not allowed here; use ${methods.join(' or ')}.`;
  return new ApiError(405, message, { code: 'method_not_allowed' });
}

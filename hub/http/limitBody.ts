/** Bodies are read whole before they are looked at, so each route says how large one may be. */
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { ApiError } from './apiError.ts';

/** A prompt of 256k tokens has about a megabyte. */
export const maxBodyBytes = 16 * 1024 * 1024;
/** Where nobody has shown who asks yet: passwords, keys and tokens have 500 characters at most. */
export const maxOpenBodyBytes = 64 * 1024;

/** Refuses larger bodies with 413, at once where their length was announced. */
export function limitBody(maxSize: number): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new ApiError(413, `The body is larger than ${maxSize} bytes.`, { code: 'request_too_large' });
    },
  });
}

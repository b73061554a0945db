/** Every answer carries `x-request-id`: SDKs show it, and the log has it. */
import type { MiddlewareHandler } from 'hono';
import { uuidv7 } from 'uuidv7';

/** Sets the header where the route did not. */
export function requestId(): MiddlewareHandler {
  return async function setRequestId(c, next) {
    await next();
    if (!c.res.headers.has('x-request-id')) c.header('x-request-id', uuidv7());
  };
}

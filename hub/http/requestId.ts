/** Every answer carries `x-request-id`: SDKs show it, and the log has it. */
import type { Context, MiddlewareHandler } from 'hono';
import { uuidv7 } from 'uuidv7';

declare module 'hono' {
  interface ContextVariableMap {
    requestId: string;
  }
}

/** Sets the header where the route did not: an answer that a model gives has the id of its generation. */
export function requestId(): MiddlewareHandler {
  return async function setRequestId(c, next) {
    c.set('requestId', uuidv7());
    await next();
    if (!c.res.headers.has('x-request-id')) c.header('x-request-id', c.var.requestId);
  };
}

/** What a request is called in the log. */
export function loggedRequest(c: Context): { request: string; path: string } {
  return { request: c.var.requestId, path: c.req.path };
}

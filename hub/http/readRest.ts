/**
 * An answer may be there before the request's body has come. Who still sends does not read, and a connection that is closed
 * meanwhile takes the answer with it, or the next request on the same connection: so the rest is read and thrown away first.
 */
import type { MiddlewareHandler } from 'hono';

/** More than any body that is refused for its length by mistake; throwing it away takes some milliseconds. */
const mostBytes = 16 * 1024 * 1024;
const withinMs = 5000;
/** What is shorter has come with the request. */
const shortBytes = 64 * 1024;

/** Comes before everything that may refuse a request. What is longer or slower than it waits for is answered, and the connection closed. */
export function readRest(): MiddlewareHandler {
  return async function readRestOfBody(c, next) {
    await next();
    const { method, raw } = c.req;
    if (method === 'GET' || method === 'HEAD') return;
    // Where the end of a body is not known, it may never come.
    const bytes = Number(c.req.header('content-length') ?? 0);
    if (bytes <= shortBytes) return;
    if (raw.bodyUsed || !raw.body || raw.body.locked || raw.signal.aborted) return;
    if (bytes > mostBytes || !(await isReadToItsEnd(raw.body))) c.header('connection', 'close');
  };
}

async function isReadToItsEnd(body: ReadableStream<Uint8Array>): Promise<boolean> {
  // Not cancelled where it is left: the answer would go with it.
  const reader = body.getReader();
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), withinMs);
  try {
    for (;;) {
      const read = await Promise.race([reader.read(), late.promise]);
      if (!read) return false;
      if (read.done) return true;
    }
  } catch {
    // Who sent it is gone.
    return false;
  } finally {
    clearTimeout(timer);
  }
}

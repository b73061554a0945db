/** Headers that keep proxies from holding streams back. */
import type { MiddlewareHandler } from 'hono';

const streamed = /^(text\/event-stream|application\/(jsonl|x-ndjson|ndjson))\b/;

/**
 * Proxies that compress or buffer hold a stream back until they have enough of it: no-transform ends the one (RFC 9111),
 * X-Accel-Buffering the other (nginx).
 */
export function unbufferedStreams(): MiddlewareHandler {
  return async function markStreams(c, next) {
    await next();
    if (!streamed.test(c.res.headers.get('content-type') ?? '')) return;
    const kept = c.res.headers.get('cache-control') ?? 'no-cache';
    if (!kept.includes('no-transform')) c.header('cache-control', `${kept}, no-transform`);
    c.header('x-accel-buffering', 'no');
  };
}

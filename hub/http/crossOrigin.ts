/** Lets pages of other origins call the API, as far as their key goes. */
import type { MiddlewareHandler } from 'hono';

const exposedHeaders = [
  'x-request-id',
  'x-potluck-route',
  'x-potluck-replays',
  'x-potluck-recomputed-tokens',
  'x-potluck-pause-ms',
  'server-timing',
  'retry-after',
].join(', ');
const preflightSeconds = '86400';

/**
 * Reflects the origin and whatever headers the page wants to send: clients add new ones all the time (ollama 4388, 8342, 9236).
 * No credentials are allowed and no cookie counts here, so a page gets no further than the key that it sends; without
 * one, `requireAccess` refuses pages from elsewhere.
 * @param allowed origins whose pages may call; none: any
 */
export function crossOrigin(allowed: () => readonly string[] = () => []): MiddlewareHandler {
  const isAllowed = (origin: string): boolean => allowed().length === 0 || allowed().includes(origin);
  return async function answerCrossOrigin(c, next) {
    const origin = c.req.header('origin');
    if (c.req.method === 'OPTIONS') {
      // Without these headers, browsers keep the page from asking.
      if (origin !== undefined && !isAllowed(origin))
        return new Response(null, { status: 204, headers: { vary: 'Origin' } });
      const headers = new Headers({
        'access-control-allow-origin': origin ?? '*',
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
        'access-control-max-age': preflightSeconds,
        vary: 'Origin, Access-Control-Request-Headers',
      });
      const wanted = c.req.header('access-control-request-headers');
      if (wanted !== undefined) headers.set('access-control-allow-headers', wanted);
      return new Response(null, { status: 204, headers });
    }
    await next();
    if (origin === undefined) return undefined;
    c.header('vary', 'Origin', { append: true });
    if (!isAllowed(origin)) return undefined;
    c.header('access-control-allow-origin', origin);
    c.header('access-control-expose-headers', exposedHeaders);
    return undefined;
  };
}

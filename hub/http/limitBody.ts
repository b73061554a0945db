/** Bodies are read whole before they are looked at, so every door says how large one may be and how much it may hold. */
import { exceededLimit, type JsonLimits } from '@potluck/protocol';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { ApiError } from './apiError.ts';
import { turnAfter } from './turnAfter.ts';

/** A prompt of 256k tokens has about a megabyte, and twice as much where each letter is written as an escape. */
export const maxBodyBytes = 4 * 1024 * 1024;
/** Where nobody has shown who asks yet: passwords, keys and tokens have 500 characters at most. */
export const maxOpenBodyBytes = 64 * 1024;
export const bodyJsonLimits: Readonly<JsonLimits> = {
  /** 10,000 messages and a bias for as many tokens have 70,000. Parsing this many takes 10 ms, and 40 where all names differ. */
  maxValues: 75_000,
  /** No schema of the API needs ten; what recurses over values must not run out of stack. */
  maxDepth: 100,
};
/** Where nobody has shown who asks yet: no such body has a dozen. */
const openJsonLimits: Readonly<JsonLimits> = { ...bodyJsonLimits, maxValues: 1000 };

/** Refuses larger bodies with 413, at once where their length was announced. */
export function limitBody(maxSize: number): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new ApiError(413, `The body is larger than ${maxSize} bytes.`, { code: 'request_too_large' });
    },
  });
}

/**
 * For all routes that come after it: bodies are JSON of a bounded size and structure, and not compressed. Who has not
 * shown a key or a login may send little. Needs `identify` before it.
 * @param files path of routes that take files, which are written as they come
 */
export function limitBodies({ files }: { files: RegExp }): MiddlewareHandler {
  const [limitOpen, limitKnown] = [limitBody(maxOpenBodyBytes), limitBody(maxBodyBytes)];
  return async function checkBody(c, next) {
    refuseEncoded(c);
    if (c.req.method === 'GET' || c.req.method === 'HEAD' || files.test(c.req.path)) return next();
    const isKnown = c.var.caller.scopes.length > 0;
    const limit = isKnown ? limitKnown : limitOpen;
    return limit(c, async () => {
      // Hono keeps the text for whoever reads the body next.
      const text = await c.req.text();
      await turnAfter(text);
      refuseLargeJson(text, isKnown ? bodyJsonLimits : openJsonLimits, 'body');
      await turnAfter(text);
      await next();
    });
  };
}

function refuseEncoded(c: Context): void {
  const encoding = c.req.header('content-encoding') ?? 'identity';
  if (encoding.toLowerCase() === 'identity') return;
  const message = `This hub reads no body with Content-Encoding "${encoding.slice(0, 100)}". Send it uncompressed.`;
  throw new ApiError(415, message, { code: 'unsupported_encoding' });
}

/**
 * @param what has the JSON, such as `body`
 * @throws ApiError 413 or 400
 */
export function refuseLargeJson(text: string, limits: JsonLimits, what: string): void {
  switch (exceededLimit(text, limits)) {
    case undefined:
      return;
    case 'maxValues':
      throw new ApiError(
        413,
        `The ${what}'s JSON has more than ${limits.maxValues} values and names of fields together.`,
        { code: 'request_too_large' },
      );
    case 'maxDepth':
      throw new ApiError(
        400,
        `The ${what}'s JSON has more than ${limits.maxDepth} arrays and objects within one another.`,
        { code: 'invalid_value' },
      );
  }
}

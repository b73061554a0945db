/** The app's files, for browsers. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { compress } from 'hono/compress';
import { serveCompressed } from './compressedFiles.ts';
import { relativePage } from './relativePage.ts';

export interface PageOptions {
  /** What `npm run build` made: `index.html` and the files that it loads. */
  directory: string;
}

/** Where `npm run build` puts the app. */
export const builtPagesDirectory = fileURLToPath(new URL('../../client/build', import.meta.url));

/** Files under this path have their content's hash in their names. */
const immutablePath = '/_app/immutable/';
const forEver = 'public, max-age=31536000, immutable';
/** Pages that programs have no other use for: they are answered whatever is asked for, as link previews ask for anything. */
const knownPage = /^\/(compare|join|nodes|requests|settings)(\/|$)/;
/** Asks each time, so that an updated hub is noticed. */
const askAgain = 'no-cache';

/**
 * Answers with the app's files, and with its one page where a browser asks for a page; everything else is left to the
 * routes that come after. All of it is isolated from other origins, which threads of WebAssembly need.
 */
export function servePages({ directory }: PageOptions): MiddlewareHandler {
  const index = path.join(directory, 'index.html');
  const site = new Hono();
  site.use(withHeaders, serveCompressed(directory));
  site.get('/*', serveStatic({ root: directory }));
  const page = new Hono();
  page.use(withHeaders, compress());
  page.get('*', async (c) => {
    const html = await readFile(index, 'utf8').catch(() => undefined);
    c.header('vary', 'Accept', { append: true });
    if (html === undefined) return c.html(missingBuild, 503);
    return c.html(relativePage(html, new URL(c.req.url).pathname));
  });
  return async function answerPages(c, next) {
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return next();
    if (wantsPage(c.req.path, c.req.header('accept'))) return page.fetch(c.req.raw, c.env);
    if (!/\.\w+$/.test(c.req.path)) return next();
    const response = await site.fetch(wholeFile(c.req.raw), c.env);
    return response.status === 404 ? next() : response;
  };
}

/**
 * A person's browser that goes to an address: programs, and the app's own requests, do not ask for HTML. At `/` and
 * `/models` programs get something else.
 */
export function wantsPage(path: string, accept = ''): boolean {
  const isReserved = /^\/(api|v1|peerjs|blobs|health|metrics|_app)(\/|$)/.test(path);
  const isFile = /\.\w+$/.test(path);
  return !isReserved && !isFile && (knownPage.test(path) || accept.includes('text/html'));
}

/** The same request without its Range, which servers may ignore (RFC 9110, 14.2): nobody needs a part of the app's files. */
function wholeFile(request: Request): Request {
  const headers = new Headers(request.headers);
  headers.delete('range');
  return new Request(request.url, { method: request.method, headers });
}

async function withHeaders(c: Context, next: () => Promise<void>): Promise<void> {
  await next();
  c.header('cache-control', c.req.path.startsWith(immutablePath) && c.res.ok ? forEver : askAgain);
  c.header('cross-origin-opener-policy', 'same-origin');
  c.header('cross-origin-embedder-policy', 'require-corp');
  c.header('cross-origin-resource-policy', 'same-origin');
  // A page of another origin that shows this one in a frame could have its visitor press buttons here.
  c.header('content-security-policy', "frame-ancestors 'none'");
  c.header('x-frame-options', 'DENY');
  c.header('x-content-type-options', 'nosniff');
  c.header('referrer-policy', 'no-referrer');
}

const missingBuild = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <title>Potluck: the app is not built</title>
  <body style="font: 1.1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
    <h1>The app is not built</h1>
    <p>
      The hub runs, and its API under <code>/v1</code> and <code>/api</code> works. Its pages are missing: run
      <code>npm run build</code> where the hub was installed, and load this page again.
    </p>
  </body>
</html>
`;

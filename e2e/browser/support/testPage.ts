/** Serves the test pages as the hub serves the app: isolated, so that wasm may use threads. */
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { builtPages } from './builtPages.ts';

export interface TestPage {
  /** Ends in a slash. */
  url: string;
  /** Paths that were asked for so far, also by web workers of web workers, of which Playwright does not always tell. */
  requested: readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestPageInit {
  /** JavaScript that runs first in the engine's web worker, where no test can reach: to have a device that fails. */
  inEngine?: string;
  /** The same in the agent's: to have a browser that refuses something. */
  inAgent?: string;
}

export async function serveTestPage({ inEngine, inAgent }: TestPageInit = {}): Promise<TestPage> {
  const directory = await builtPages();
  const files = (await readdir(directory, { recursive: true })).map((name) => `/${name}`);
  /** What runs first, by the path of the script. */
  const first = new Map<string, string>();
  for (const [name, script] of Object.entries({ engineWorker: inEngine, agentWorker: inAgent })) {
    if (script === undefined) continue;
    const found = files.filter((path) => basename(path).startsWith(`${name}-`) && path.endsWith('.js'));
    if (found.length === 0) throw new Error(`no script of the page is called ${name}`);
    for (const path of found) first.set(path, script);
  }
  const requested: string[] = [];
  const app = new Hono();
  app.use(async (c, next) => {
    requested.push(c.req.path);
    await next();
    c.header('cross-origin-opener-policy', 'same-origin');
    c.header('cross-origin-embedder-policy', 'require-corp');
  });
  app.get('/*', async (c, next) => {
    const script = first.get(c.req.path);
    if (script === undefined) return next();
    const text = await readFile(join(directory, c.req.path), 'utf8');
    return c.body(`${script}\n${text}`, { headers: { 'content-type': 'text/javascript' } });
  });
  app.get('/*', serveStatic({ root: directory }));
  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    requested,
    async [Symbol.asyncDispose]() {
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** The other side in a browser: a page that holds the whole model, served from this machine. */
import type { Browser } from 'playwright';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build, preview } from 'vite';
import type { Job, Measurement } from '../generateWhole.ts';
import type { WholeModelInit } from './page/modelWorker.ts';

const root = fileURLToPath(new URL('./page', import.meta.url));
/** Wasm gets threads only on pages with these. */
const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** A server for the page. */
export interface PageServer {
  url: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Builds the page into `folder` and serves all that lies there, models included. */
export async function serveWholeModelPage(folder: string): Promise<PageServer> {
  const common = { root, configFile: false as const, logLevel: 'warn' as const, appType: 'mpa' as const };
  await build({
    ...common,
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: 'es2024',
      chunkSizeWarningLimit: 2000,
      rollupOptions: { checks: { pluginTimings: false } },
    },
    worker: { format: 'es' },
  });
  const server = await preview({
    ...common,
    build: { outDir: folder },
    preview: { host: '127.0.0.1', port: 0, headers: isolation },
  });
  const { port } = server.httpServer.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, [Symbol.asyncDispose]: () => server.close() };
}

/** A page with the whole model in it. */
export interface WholeModelPage {
  generate(job: Job): Promise<Measurement>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @throws what the page says if it can't load the model */
export async function openWholeModel(
  browser: Browser,
  server: PageServer,
  init: WholeModelInit,
): Promise<WholeModelPage> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(server.url);
  await page.evaluate((settings) => globalThis.wholeModel.load(settings), init);
  return {
    generate: (job) => page.evaluate((settings) => globalThis.wholeModel.generate(settings), job),
    [Symbol.asyncDispose]: () => context.close(),
  };
}

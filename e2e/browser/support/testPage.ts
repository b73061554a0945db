/** Builds the test pages once and serves them as the hub serves the app: isolated, so that wasm may use threads. */
import { rmSync } from 'node:fs';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, preview } from 'vite';
import { grammarEngine } from '../../../packages/browser-worker/src/build/grammarEngine.ts';
import { temporaryDirectory } from '../../../testing/temporaryDirectory.ts';

export interface TestPage {
  /** Ends in a slash. */
  url: string;
  [Symbol.asyncDispose](): Promise<void>;
}

const root = fileURLToPath(new URL('../page', import.meta.url));
const pages = ['index.html', 'weights.html', 'engine.html'];
const common = { root, configFile: false as const, logLevel: 'warn' as const };
const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** For all tests of this process: it takes some seconds. */
let built: Promise<string> | undefined;

export interface TestPageInit {
  /** JavaScript that runs first in the engine's web worker, where no test can reach: to have a device that fails. */
  inEngine?: string;
  /** The same in the agent's: to have a browser that refuses something. */
  inAgent?: string;
}

export async function serveTestPage({ inEngine, inAgent }: TestPageInit = {}): Promise<TestPage> {
  built ??= buildPages();
  const directory = await temporaryDirectory('potluck-page-');
  const outDir = directory.path;
  await cp(await built, outDir, { recursive: true });
  if (inEngine !== undefined) await putFirst(inEngine, outDir, /^engineWorker-.*\.js$/);
  if (inAgent !== undefined) await putFirst(inAgent, outDir, /^agentWorker-.*\.js$/);
  const server = await preview({
    ...common,
    build: { outDir },
    preview: { host: '127.0.0.1', port: 0, allowedHosts: ['page.test'], headers: isolation },
  });
  const { port } = server.httpServer.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      await server.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** @returns where they are, until this process ends */
async function buildPages(): Promise<string> {
  const { path: outDir } = await temporaryDirectory('potluck-page-');
  process.once('exit', () => rmSync(outDir, { recursive: true, force: true }));
  await build({
    ...common,
    build: {
      ...{ outDir, emptyOutDir: true, target: 'es2024', minify: false },
      rolldownOptions: { input: pages.map((name) => join(root, name)) },
    },
    plugins: [grammarEngine()],
    worker: { format: 'es', plugins: () => [grammarEngine()] },
  });
  return outDir;
}

async function putFirst(script: string, directory: string, name: RegExp): Promise<void> {
  const found = (await readdir(directory, { recursive: true })).filter((path) => name.test(basename(path)));
  if (found.length === 0) throw new Error(`no file of the page is called ${name.source}`);
  for (const path of found) {
    const file = join(directory, path);
    await writeFile(file, `${script}\n${await readFile(file, 'utf8')}`);
  }
}

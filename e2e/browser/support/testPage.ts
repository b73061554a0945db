/** Builds the test pages once and serves them as the hub serves the app: isolated, so that wasm may use threads. */
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, preview } from 'vite';

export interface TestPage {
  /** Ends in a slash. */
  url: string;
  [Symbol.asyncDispose](): Promise<void>;
}

const root = fileURLToPath(new URL('../page', import.meta.url));
const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

export async function serveTestPage(): Promise<TestPage> {
  const outDir = await mkdtemp(join(tmpdir(), 'potluck-page-'));
  const common = { root, configFile: false as const, logLevel: 'warn' as const };
  await build({
    ...common,
    build: {
      ...{ outDir, emptyOutDir: true, target: 'es2024', minify: false },
      rolldownOptions: { input: ['index.html', 'weights.html'].map((name) => join(root, name)) },
    },
    worker: { format: 'es' },
  });
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
      await rm(outDir, { recursive: true, force: true });
    },
  };
}

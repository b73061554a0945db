/** The test pages as browsers load them: built once for all processes of a run of tests. */
import { existsSync, rmSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../../../testing/temporaryDirectory.ts';

/** Names the directory where they are, or will be. */
const variable = 'POTLUCK_TEST_PAGES';
const root = fileURLToPath(new URL('../page', import.meta.url));
/** How long plugins take is no news of a test. */
const quiet = { checks: { pluginTimings: false } };
const pages = ['index.html', 'weights.html', 'engine.html'];

/** For all tests of this process, where the run has none. */
let own: Promise<string> | undefined;

/** The environment of a run whose tests are to find the pages in a directory, once it is there. */
export function testPagesIn(directory: string): Record<string, string> {
  return { [variable]: directory };
}

/** Builds the pages; the directory is there when all of them are. @param directory one that is not there yet */
export async function buildTestPages(directory: string): Promise<void> {
  const partial = `${directory}.part`;
  await build(partial);
  await rename(partial, directory);
}

/** @returns the directory with the pages of this run, else of this process, which builds them */
export function builtPages(): Promise<string> {
  const directory = process.env[variable];
  if (directory !== undefined && existsSync(directory)) return Promise.resolve(directory);
  return (own ??= buildOwn());
}

async function buildOwn(): Promise<string> {
  const { path } = await temporaryDirectory('potluck-page-');
  process.once('exit', () => rmSync(path, { recursive: true, force: true }));
  await build(path);
  return path;
}

async function build(outDir: string): Promise<void> {
  // Loading them takes a second, which most processes don't need.
  const { build } = await import('vite');
  const { grammarEngine } = await import('../../../packages/browser-worker/src/build/grammarEngine.ts');
  await build({
    ...{ root, configFile: false, logLevel: 'warn' },
    build: {
      ...{ outDir, emptyOutDir: true, target: 'es2024', minify: false },
      rolldownOptions: { ...quiet, input: pages.map((name) => join(root, name)) },
    },
    plugins: [grammarEngine()],
    worker: { format: 'es', plugins: () => [grammarEngine()], rolldownOptions: quiet },
  });
}

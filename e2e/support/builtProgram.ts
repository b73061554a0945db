/**
 * The product in few files: built once for all processes of a run of tests. To find and read its modules one by one takes
 * Node longer than most tests take, in every hub and worker, and in their threads and processes.
 */
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Plugin } from 'vite';
import { entry } from '../../testing/program.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Packages that bring machine code, workers or files of their own, or that are found by `require`. */
const apart = [
  ...['onnxruntime-node', 'node-datachannel', 'sharp', 'transformers-llguidance', 'reflect-metadata'],
  ...['pino', 'pino-pretty', 'pino-roll', 'playwright', '@sparticuz/chromium'],
  ...['@libsql/client', 'drizzle-orm', '@redis/client'],
];

/** Builds the program; the directory is there when all of it is. @param directory one that is not there yet */
export async function buildProgram(directory: string): Promise<void> {
  const partial = `${directory}.part`;
  // Loading it takes a second, which most processes don't need.
  const { build } = await import('vite');
  await build({
    ...{ root, configFile: false, logLevel: 'warn', publicDir: false },
    build: {
      ...{ outDir: partial, emptyOutDir: true, target: 'esnext', minify: false, ssr: true },
      rolldownOptions: {
        checks: { pluginTimings: false },
        input: { [entry.replace(/\.js$/, '')]: join(root, entry) },
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
    ssr: { noExternal: true, external: apart },
    plugins: [placesIn(directory)],
  });
  // Otherwise Node parses each file once more to see what it is.
  await writeFile(join(partial, 'package.json'), '{ "type": "module" }\n');
  await rename(partial, directory);
}

/** Scripts of threads and processes are built, too. All other files are where the sources have them. */
function placesIn(directory: string): Plugin {
  const scriptBeside = /new URL\(\s*'(\.[^']+\.[jt]s)',\s*import\.meta\.url\s*\)/g;
  return {
    name: 'potluck:places',
    enforce: 'pre',
    transform(code, id) {
      if (id.includes('node_modules') || !code.includes('import.meta.url')) return undefined;
      const withScripts = code.replaceAll(scriptBeside, (_, name: string) => {
        const script = resolve(dirname(id), name);
        const fileName = relative(root, script).replace(/\.ts$/, '.js');
        this.emitFile({ type: 'chunk', id: script, fileName });
        return `new URL(${JSON.stringify(pathToFileURL(join(directory, fileName)).href)})`;
      });
      return withScripts.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href));
    },
  };
}

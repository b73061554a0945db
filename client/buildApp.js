// @ts-check
import { fileURLToPath } from 'node:url';
import { createBuilder } from 'vite';
import { compressBuild } from './compressBuild.js';

/** Builds the app as `vite build` does: SvelteKit has several builds, of which `build` of Vite makes only one. */
export async function buildApp() {
  const configFile = fileURLToPath(new URL('../vite.config.ts', import.meta.url));
  const builder = await createBuilder({ configFile, logLevel: 'warn' }, null);
  const { log } = console;
  // SvelteKit praises a script that this project does not have. What goes wrong is thrown, or comes by `console.error`.
  console.log = () => undefined;
  try {
    await builder.buildApp();
  } finally {
    console.log = log;
  }
  await compressBuild(fileURLToPath(new URL('./build', import.meta.url)));
}

// @ts-check
import { fileURLToPath } from 'node:url';
import { createBuilder } from 'vite';

/** Builds the app as `vite build` does: SvelteKit has several builds, of which `build` of Vite makes only one. */
export async function buildApp() {
  const configFile = fileURLToPath(new URL('../vite.config.ts', import.meta.url));
  const builder = await createBuilder({ configFile, logLevel: 'warn' }, null);
  await builder.buildApp();
}

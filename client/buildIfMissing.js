// @ts-check
// Runs before `npm start`: the app is built when the project is installed, unless install scripts were switched off.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

if (!existsSync(fileURLToPath(new URL('build/index.html', import.meta.url)))) {
  const { build } = await import('vite');
  await build({ configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)), logLevel: 'warn' });
}

// @ts-check
// Runs before `npm start`: the app is built when the project is installed, unless install scripts were switched off.
import { existsSync } from 'node:fs';

if (!existsSync(new URL('build/index.html', import.meta.url))) {
  const { buildApp } = await import('./buildApp.js');
  await buildApp();
}

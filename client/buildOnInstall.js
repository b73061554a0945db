// @ts-check
// npm's `prepare`: builds the app when the project is installed. `npm pack` runs it as well, after `prepack` has built the app.
import { existsSync } from 'node:fs';

const isPacking = ['pack', 'publish'].includes(process.env['npm_command'] ?? '');
if (!isPacking) {
  const hasVite = await import('vite').then(
    () => true,
    () => false,
  );
  if (hasVite) {
    const { buildApp } = await import('./buildApp.js');
    await buildApp();
  } else if (!existsSync(new URL('build/index.html', import.meta.url))) {
    console.log(
      'The app is not built: what builds it was left out (--omit=dev). The API works without the app.',
    );
  }
}

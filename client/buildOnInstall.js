// @ts-check
// npm's `prepare`: builds the app when the project is installed. `npm pack` runs it as well, after `prepack` has built the app.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const isPacking = ['pack', 'publish'].includes(process.env['npm_command'] ?? '');
if (!isPacking) {
  const vite = await import('vite').catch(() => undefined);
  if (vite) {
    const configFile = fileURLToPath(new URL('../vite.config.ts', import.meta.url));
    await vite.build({ configFile, logLevel: 'warn' });
  } else if (!existsSync(fileURLToPath(new URL('build/index.html', import.meta.url)))) {
    console.log(
      'The app is not built: what builds it was left out (--omit=dev). The API works without the app.',
    );
  }
}

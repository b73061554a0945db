/** Builds the app in `client/`, and serves it while it is being worked on: `npm run dev` beside a running hub. */
import { sveltekit } from '@sveltejs/kit/vite';
import { fileURLToPath } from 'node:url';
import { wuchale } from 'wuchale/vite';
import { defineConfig, type Plugin } from 'vite';
import { grammarEngine } from './packages/browser-worker/src/build/grammarEngine.ts';
import { licencesPlugins } from './packages/packaging/src/licences/licencesPlugins.ts';
import options from './svelte.config.js';

/** Where the hub is that the development server passes requests on to. */
const hubUrl = process.env['POTLUCK_HUB'] ?? 'http://localhost:8000';
const hubPaths = ['/api', '/v1', '/health', '/blobs', '/peerjs', '/worker'];

/** Threads of WebAssembly need these on the page; `server.headers` do not reach it. */
function isolation(): Plugin {
  return {
    name: 'potluck:isolation',
    configureServer(server) {
      server.middlewares.use((_request, response, next) => {
        response.setHeader('cross-origin-opener-policy', 'same-origin');
        response.setHeader('cross-origin-embedder-policy', 'require-corp');
        next();
      });
    },
  };
}

/**
 * Pages are drawn in browsers only (`ssr = false`). What SvelteKit builds to write the app's one page, with the styles of what all
 * pages have around them, needs none of their own components, which would be compiled a second time.
 */
function pagesInBrowsersOnly(): Plugin {
  return {
    name: 'potluck:pages-in-browsers-only',
    apply: 'build',
    enforce: 'pre',
    applyToEnvironment: ({ name }) => name !== 'client',
    load: {
      filter: { id: /\/client\/src\/routes\/.*\+page\.svelte$/ },
      handler: () => '',
    },
  };
}

/** How long plugins take is nobody's trouble who installs this. */
const quiet = { checks: { pluginTimings: false } };

const licences = licencesPlugins(fileURLToPath(new URL('.', import.meta.url)));

export default defineConfig({
  root: 'client',
  plugins: [
    isolation(),
    pagesInBrowsersOnly(),
    grammarEngine(),
    wuchale({ configPath: fileURLToPath(new URL('wuchale.config.js', import.meta.url)) }),
    sveltekit(options),
    licences.page,
  ],
  worker: { format: 'es', plugins: () => [grammarEngine(), licences.worker], rolldownOptions: quiet },
  build: { target: 'es2022', chunkSizeWarningLimit: 700, rolldownOptions: quiet },
  server: {
    proxy: Object.fromEntries(hubPaths.map((path) => [path, { target: hubUrl, ws: true }])),
  },
});

/** SvelteKit's options, as a module: Kit reads them from Vite's plugin (see vite.config.ts), editors from here. */
import adapter from '@sveltejs/adapter-static';

/**
 * Paths are seen from `client/`, Vite's root, except the adapter's, which are seen from the top.
 * @type {import('@sveltejs/kit/vite').Config}
 */
const options = {
  // One page for every path: the hub serves it, and the app finds its way in the browser.
  adapter: adapter({ pages: 'client/build', fallback: 'index.html' }),
  // What models and people write is shown in this page: no script runs in it that was not built with it.
  csp: {
    mode: 'hash',
    directives: {
      'default-src': ['self'],
      'script-src': ['self', 'wasm-unsafe-eval', 'blob:'],
      'worker-src': ['self', 'blob:'],
      // Svelte, KaTeX and the topology picture position things by style attributes.
      'style-src': ['self', 'unsafe-inline'],
      'img-src': ['self', 'data:', 'blob:'],
      'font-src': ['self', 'data:'],
      'connect-src': ['self', 'http:', 'https:', 'ws:', 'wss:'],
      'object-src': ['none'],
      'base-uri': ['none'],
      'form-action': ['self'],
    },
  },
  // A page that was open while the hub was updated notices at its next click.
  version: { pollInterval: 0 },
};

export default options;

/** Opens the web workers of a web worker. */

/** By the address of what they import. */
const starters = new Map<string, string>();

/**
 * Opens a web worker whose script is imported by a script that is here already: behind a certificate that a person has
 * accepted, Chromium (153, 156) refuses the first script of a web worker's own web worker whenever it needs a new connection
 * for it (ERR_ABORTED), and fetches everything else.
 * @param script address of a module, as `?worker&url` gives it
 * @param name what the browser's tools show
 */
export function openBehindScript(script: string, name: string): Worker {
  const { href } = new URL(script, import.meta.url);
  let starter = starters.get(href);
  if (starter === undefined) {
    starter = URL.createObjectURL(new Blob([`import ${JSON.stringify(href)};`], { type: 'text/javascript' }));
    starters.set(href, starter);
  }
  return new Worker(starter, { type: 'module', name });
}

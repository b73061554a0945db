/// <reference types="vite/client" />
import engineScript from './engineWorker.ts?worker&url';

let starter: string | undefined;

/**
 * Opens a web worker with an engine in it. Its script is imported by a script that is here already: behind a certificate
 * that a person has accepted, Chromium (153, 156) refuses the first script of a web worker's own web worker whenever it
 * needs a new connection for it (ERR_ABORTED), and fetches everything else.
 */
export function openEngineWorker(): Worker {
  starter ??= URL.createObjectURL(
    new Blob([`import ${JSON.stringify(new URL(engineScript, location.href).href)};`], {
      type: 'text/javascript',
    }),
  );
  return new Worker(starter, { type: 'module', name: 'potluck-engine' });
}

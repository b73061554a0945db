/** The page that holds the whole model: its web worker, where Playwright can call it. */
import { wrap, type Remote } from 'comlink';
import type { WholeModelApi } from './modelWorker.ts';

declare global {
  var wholeModel: Remote<WholeModelApi>;
}

globalThis.wholeModel = wrap<WholeModelApi>(
  new Worker(new URL('./modelWorker.ts', import.meta.url), { type: 'module' }),
);

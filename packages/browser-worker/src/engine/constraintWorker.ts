/** Entry of the web worker that holds answers to constraints: setting up for a large vocabulary takes seconds. */
import { constraintService } from '@potluck/engine/constraint';
import { expose } from 'comlink';
import wasmUrl from 'virtual:grammar-engine';

expose(
  constraintService(async () => {
    const response = await fetch(new URL(wasmUrl, import.meta.url));
    if (!response.ok) throw new Error(`the grammar engine could not be loaded (${response.status})`);
    return WebAssembly.compile(await response.arrayBuffer());
  }),
);

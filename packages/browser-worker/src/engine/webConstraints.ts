/// <reference types="vite/client" />
/** Holds answers to constraints in a web worker of its own. */
import { constraintHost, type ConstraintHost, type ConstraintService } from '@potluck/engine/constraint';
import { wrap } from 'comlink';
import constraintScript from './constraintWorker.ts?worker&url';

let starter: string | undefined;

/** Nothing is loaded before the first answer with a constraint. */
export function webConstraints(): ConstraintHost {
  return constraintHost({
    start(lost) {
      const worker = openConstraintWorker();
      worker.addEventListener('error', ({ message }) =>
        lost(message || 'its web worker could not be loaded'),
      );
      const { setUp, open, mask, take, close } = wrap<ConstraintService>(worker);
      return { service: { setUp, open, mask, take, close }, end: () => worker.terminate() };
    },
  });
}

/** By a script that is here already, as `openEngineWorker` does. */
function openConstraintWorker(): Worker {
  starter ??= URL.createObjectURL(
    new Blob([`import ${JSON.stringify(new URL(constraintScript, import.meta.url).href)};`], {
      type: 'text/javascript',
    }),
  );
  return new Worker(starter, { type: 'module', name: 'potluck-constraints' });
}

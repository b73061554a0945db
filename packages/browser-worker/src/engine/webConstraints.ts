/// <reference types="vite/client" />
/** Holds answers to constraints in a web worker of its own. */
import { constraintHost, type ConstraintHost, type ConstraintService } from '@potluck/engine/constraint';
import { wrap } from 'comlink';
import constraintScript from './constraintWorker.ts?worker&url';
import { openBehindScript } from './openBehindScript.ts';

/** Nothing is loaded before the first answer with a constraint. */
export function webConstraints(): ConstraintHost {
  return constraintHost({
    start(lost) {
      const worker = openBehindScript(constraintScript, 'potluck-constraints');
      worker.addEventListener('error', ({ message }) =>
        lost(message || 'its web worker could not be loaded'),
      );
      return { service: wrap<ConstraintService>(worker), end: () => worker.terminate() };
    },
  });
}

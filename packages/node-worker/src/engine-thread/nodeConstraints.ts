/** Holds answers to constraints in a thread of its own. */
import { Worker } from 'node:worker_threads';
import { constraintHost, type ConstraintHost, type ConstraintService } from '@potluck/engine/constraint';
import { messageOf } from '@potluck/worker';
import { wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';

/** Nothing is started before the first answer with a constraint. */
export function nodeConstraints(): ConstraintHost {
  return constraintHost({
    start(lost) {
      const worker = new Worker(new URL('./constraintThread.ts', import.meta.url));
      worker.unref();
      worker.on('error', (error) => lost(messageOf(error)));
      return {
        service: wrap<ConstraintService>(nodeEndpoint(worker)),
        end: () => void worker.terminate(),
      };
    },
  });
}

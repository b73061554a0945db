/** The real engine thread, which ends when a cache called `last` is released. */
import { parentPort } from 'node:worker_threads';
import '../src/engine-thread/engineThread.ts';
import type { EngineRequest } from '../src/engine-thread/messages.ts';

parentPort?.on('message', (request: EngineRequest) => {
  if (request.call === 'release' && request.cacheId === 'last') process.exit(3);
});

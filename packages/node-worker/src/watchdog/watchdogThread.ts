/** Entry of the thread that watches the event loop; see watchLoop.ts. */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { WatchdogInit } from './watchLoop.ts';

const { heartbeat, everyMs, looks } = workerData as WatchdogInit;
let last = -1;
/** Looks in a row that found the loop where it was. They are counted, not timed: a machine that slept made none. */
let still = 0;

setInterval(() => {
  const beat = Atomics.load(heartbeat, 0);
  still = beat === last ? still + 1 : 0;
  last = beat;
  if (still < looks) return;
  const seconds = Math.round((looks * everyMs) / 100) / 10;
  writeSync(2, `potluck worker: ended, since its event loop stood still for ${seconds} s. Start it again\n`);
  process.kill(process.pid, 'SIGKILL');
}, everyMs);

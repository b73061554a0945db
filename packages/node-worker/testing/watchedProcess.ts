/** A process whose loop is watched: at each line of its input it blocks its loop, or says that it is here. */
import { createInterface } from 'node:readline';
import { watchLoop } from '../src/watchdog/watchLoop.ts';

watchLoop({ limitMs: Number(process.argv[2]) });
createInterface(process.stdin).on('line', (line) => {
  if (line === 'block') for (;;);
  console.log('here');
});
console.log('watched');

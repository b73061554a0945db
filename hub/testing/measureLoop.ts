/** What something does to the event loop of this thread. */
import { setTimeout } from 'node:timers/promises';
import { watchLoop, type LoopDelays } from '../live/loopDelay.ts';

/** Looks at each turn until `run` is done. */
export async function measureLoop(run: () => Promise<unknown>): Promise<LoopDelays> {
  const loop = watchLoop(1);
  try {
    // What came before belongs to another turn.
    await setTimeout(2);
    await run();
    return loop.now();
  } finally {
    loop.stop();
  }
}

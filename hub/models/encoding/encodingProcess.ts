/**
 * The process of an `EncodingLane`. The work is done in a thread of it, so that it hears when the hub is gone and sees how
 * long the work takes, also in the middle of a regular expression that never ends. What takes too much memory ends this
 * process and no other: threads of the hub would take the hub with them (Node 24).
 */
import { Worker } from 'node:worker_threads';
import type { LaneAnswer } from './encodingLane.ts';

/** How often the processor time is looked at, in milliseconds. */
const lookEveryMs = 100;

const [module = '', given = '', heapMegabytes = '', mostProcessorMs = ''] = process.argv.slice(2);
const thread = new Worker(new URL(module), {
  workerData: given,
  resourceLimits: { maxOldGenerationSizeMb: Number(heapMegabytes) },
});
let look: NodeJS.Timeout | undefined;

thread.on('message', (answer: LaneAnswer<unknown>) => {
  clearInterval(look);
  if (answer.type === 'begun') watch();
  process.send?.(answer);
});
thread.on('error', () => process.exit(1));
process.on('message', (message) => thread.postMessage(message));
process.on('disconnect', () => process.exit());

/** Processor time counts, not the clock: on a busy machine the same work takes longer. */
function watch(): void {
  const before = process.cpuUsage();
  look = setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 < Number(mostProcessorMs)) return;
    clearInterval(look);
    process.send?.({ type: 'expired' } satisfies LaneAnswer<unknown>);
  }, lookEveryMs);
}

/** Threads for computing, where a container gives this process less than the machine has. */
import { availableParallelism, cpus } from 'node:os';

/** @returns undefined where nothing limits it: libraries that compute know the machine's own number best */
export function limitedThreads(
  available = availableParallelism(),
  processors = cpus().length,
): number | undefined {
  return available < processors ? available : undefined;
}

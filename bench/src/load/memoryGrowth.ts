/** How the memory of a process grows while it does the same all the time. */
import { setTimeout as pause } from 'node:timers/promises';
import type { LoadedHub } from './loadedHub.ts';
import type { MemoryUse } from './observer.ts';

export interface MemoryAt extends MemoryUse {
  minutes: number;
}

/** What a process used over a time. */
export interface WatchedMemory {
  /** As it is, with what waits to be collected. */
  samples: MemoryAt[];
  /** Once a minute, after all garbage was collected: what is really kept. */
  collected: MemoryAt[];
}

const everyMs = 5000;
const collectedEveryMs = 60_000;
/** Of the samples, the first ones are left out: caches fill, and code is compiled. */
const settlingPart = 0.2;

/** Asks a hub for its memory until it is told to stop. */
export async function watchMemory(
  hub: Pick<LoadedHub, 'memory' | 'collected'>,
  signal: AbortSignal,
): Promise<WatchedMemory> {
  const watched: WatchedMemory = { samples: [], collected: [] };
  const began = performance.now();
  while (!signal.aborted) {
    const passedMs = performance.now() - began;
    const minutes = passedMs / 60_000;
    if (passedMs >= collectedEveryMs * (watched.collected.length + 1))
      watched.collected.push({ minutes, ...(await hub.collected()) });
    else watched.samples.push({ minutes, ...(await hub.memory()) });
    await pause(everyMs, undefined, { signal }).catch(() => undefined);
  }
  return watched;
}

/** MB a minute, of the line that fits the samples best; NaN where there are too few. */
export function growthOf(samples: readonly MemoryAt[], of: keyof MemoryUse): number {
  const settled = samples.slice(Math.ceil(settlingPart * samples.length));
  const mean = (numbers: number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  const [time, size] = [
    mean(settled.map(({ minutes }) => minutes)),
    mean(settled.map((one) => one[of] / 1e6)),
  ];
  const products = settled.map((one) => (one.minutes - time) * (one[of] / 1e6 - size));
  const squares = settled.map(({ minutes }) => (minutes - time) ** 2);
  return mean(products) / mean(squares);
}

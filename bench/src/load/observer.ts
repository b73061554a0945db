/** Loaded into the process of a hub before the hub itself: tells whoever started it, over IPC, what the process uses. */
import { createHistogram } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** Sums since the process began, except where something else is said. */
export interface ProcessUse extends MemoryUse {
  /** Processor time of the whole process, threads of the database and of garbage collection included, in milliseconds. */
  cpuMs: number;
  /** The same of the thread that serves. */
  mainMs: number;
  /** How late the event loop was since the last time that it was asked, in milliseconds. */
  delay: { p50: number; p99: number; max: number };
  /** Processor time between two looks 5 ms apart, likewise: what a turn takes where other programs take no part of the time. */
  turn: { p50: number; p99: number; max: number };
}

const everyMs = 5;
const delays = createHistogram();
const turns = createHistogram();
let [last, lastUsed] = [performance.now(), mainMs()];
const look = (): void => {
  const [now, used] = [performance.now(), mainMs()];
  // Histograms take whole numbers from 1 on: microseconds.
  delays.record(Math.max(1, Math.round((now - last - everyMs) * 1000)));
  turns.record(Math.max(1, Math.round((used - lastUsed) * 1000)));
  [last, lastUsed] = [now, used];
};
// Threads of the hub load it, too: there it would only take time.
if (isMainThread) setInterval(look, everyMs).unref();

/** Of this moment; what waits to be collected is in it. */
export interface MemoryUse {
  residentBytes: number;
  heapBytes: number;
}

process.on('message', (message) => {
  if (message === 'collected') {
    globalThis.gc?.();
    // Whoever asks for that is to blame for the turn.
    [last, lastUsed] = [performance.now(), mainMs()];
  }
  const { rss, heapUsed } = process.memoryUsage();
  const memory: MemoryUse = { residentBytes: rss, heapBytes: heapUsed };
  if (message === 'memory' || message === 'collected') process.send?.(memory);
  if (message !== 'use') return;
  const { user, system } = process.cpuUsage();
  const use: ProcessUse = {
    cpuMs: (user + system) / 1000,
    mainMs: mainMs(),
    ...memory,
    delay: inMilliseconds(delays),
    turn: inMilliseconds(turns),
  };
  delays.reset();
  turns.reset();
  process.send?.(use);
});
process.channel?.unref();
// Whoever started it is gone.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));

function inMilliseconds(histogram: ReturnType<typeof createHistogram>): ProcessUse['delay'] {
  if (histogram.count === 0) return { p50: 0, p99: 0, max: 0 };
  return {
    p50: histogram.percentile(50) / 1000,
    p99: histogram.percentile(99) / 1000,
    max: histogram.max / 1000,
  };
}

function mainMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

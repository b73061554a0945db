/** Ends this process when its event loop stands still, so that whoever looks after it starts it again. */
import { Worker } from 'node:worker_threads';

export interface WatchLoopInit {
  /** How long the loop may stand still, in milliseconds. Default 30 s. */
  limitMs?: number;
}

/** Looks in the time of the limit. */
const looks = 30;

/** What the watching thread is given. */
export interface WatchdogInit {
  /** One number, which the loop raises. */
  heartbeat: Int32Array<SharedArrayBuffer>;
  everyMs: number;
  looks: number;
}

/**
 * Watches from a thread of its own until the process ends. A loop that stands still for the limit ends the process by
 * SIGKILL: it can't answer any other signal. A process that is stopped, and a machine that sleeps, stop the watching too.
 */
export function watchLoop({ limitMs = 30_000 }: WatchLoopInit = {}): void {
  const everyMs = limitMs / looks;
  const heartbeat = new Int32Array(new SharedArrayBuffer(4));
  setInterval(() => Atomics.add(heartbeat, 0, 1), everyMs).unref();
  const workerData: WatchdogInit = { heartbeat, everyMs, looks };
  new Worker(new URL('./watchdogThread.ts', import.meta.url), { workerData }).unref();
}

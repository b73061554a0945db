/** Worker processes on a scripted hub with the real signalling. */
import {
  startScriptedHub,
  type ScriptedHub,
  type ScriptedHubInit,
  type ScriptedWorker,
} from '@potluck/worker/testing';
import { startSignalling } from './signallingProxy.ts';
import { startWorkerProcess, type WorkerProcess, type WorkerProcessInit } from './workerProcess.ts';

const cleanups: (() => unknown)[] = [];

/** Ends everything that was started here; for `afterEach`. */
export async function stopAll(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

export async function startHub(init: ScriptedHubInit = {}): Promise<ScriptedHub> {
  const signalling = await startSignalling();
  const hub = await startScriptedHub({
    upgrade: signalling.upgrade,
    ...init,
    welcome: { forceRelay: false, signalling: signalling.signalling, ...init.welcome },
  });
  cleanups.push(
    () => signalling.stop(),
    () => hub.stop(),
  );
  return hub;
}

/** A worker process with one thread on the processor. */
export async function join(
  hub: ScriptedHub,
  { args = [], ...init }: Partial<WorkerProcessInit> = {},
): Promise<{ worker: ScriptedWorker; process: WorkerProcess }> {
  const defaults = ['--device', 'cpu', '--threads', '1', '--memory', '1GB'];
  const process = startWorkerProcess({
    ...init,
    args: ['--hub', hub.url, '--token', hub.token, ...defaults, ...args],
  });
  cleanups.push(() => process.stop());
  const ended = process.exited.then((code) => {
    throw new Error(`the worker ended with ${code}: ${process.output()}`);
  });
  ended.catch(() => undefined);
  return { worker: await Promise.race([hub.worker(), ended]), process };
}

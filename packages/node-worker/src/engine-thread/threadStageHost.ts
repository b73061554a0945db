/** Stages in a thread of their own. If the thread ends by itself, its stages are lost and the next load starts another. */
import { Worker } from 'node:worker_threads';
import { StageGoneError, type StageHost } from '@potluck/engine';
import { remoteStages, type RemoteStages } from '@potluck/engine/rpc';
import type { Log } from '@potluck/worker';
import { wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { NodeStagesInit } from './nodeStages.ts';
import type { ThreadService } from './serveStages.ts';

export interface ThreadStageHost extends StageHost {
  /** Fails what was asked of it; resolves when the thread has ended, which it does after the run that it is in. */
  close(): Promise<void>;
}

interface EngineThread {
  stages: RemoteStages;
  /**
   * Has the thread end itself. One that is terminated while ONNX Runtime computes takes the process with it: the binding
   * (onnxruntime-node 1.30) throws when it can't hand its result over, where nobody can catch that.
   */
  end(): Promise<void>;
}

export function threadStageHost(
  { log, entry = new URL('./engineThread.ts', import.meta.url) }: { log: Log; entry?: URL },
  init: NodeStagesInit,
): ThreadStageHost {
  let thread: EngineThread | undefined;

  function start(): EngineThread {
    const worker = new Worker(entry, { workerData: init });
    const service = wrap<ThreadService>(nodeEndpoint(worker));
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const started: EngineThread = {
      stages: remoteStages(service),
      end: () => {
        void service.end();
        return ended;
      },
    };
    const lose = (reason: string): void => {
      started.stages.lose(threadGone(reason));
      if (thread !== started) return;
      thread = undefined;
      log.error({ reason }, 'the engine’s thread ended; the next stage gets a new one');
    };
    worker.on('error', (error) => lose(error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => lose(`exit code ${code}`));
    return started;
  }

  return {
    load: (artifact, cacheBytes) => (thread ??= start()).stages.load(artifact, cacheBytes),
    async close() {
      const closed = thread;
      thread = undefined;
      closed?.stages.lose(new StageGoneError('the engine’s thread was closed'));
      await closed?.end();
    },
  };
}

function threadGone(reason: string): Error {
  return Object.assign(new Error(`the engine’s thread is gone: ${reason}`), { code: 'compute-failed' });
}

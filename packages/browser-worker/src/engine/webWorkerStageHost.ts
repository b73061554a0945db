/// <reference types="vite/client" />
/** Stages in a web worker of their own: it can be ended to free what wasm never gives back, and replaced when it breaks. */
import { StageGoneError, type StageHost } from '@potluck/engine';
import { remoteStages, type RemoteStages } from '@potluck/engine/rpc';
import type { Device } from '@potluck/protocol';
import { deferred, messageOf, type Log } from '@potluck/worker';
import { releaseProxy, wrap, type Remote } from 'comlink';
import type { EngineApi, EngineInit } from './engineApi.ts';
import engineScript from './engineWorker.ts?worker&url';
import { openBehindScript } from './openBehindScript.ts';

export interface WebWorkerStageHostInit extends EngineInit {
  /** The device is gone, or the runtime broke: no more stages can be loaded. Told once. */
  onLost: (reason: string) => void;
}

export interface WebWorkerStageHost extends StageHost {
  /** Loads the runtime and tries the device. @throws what is wrong with it */
  start(): Promise<Device>;
  close(): void;
}

interface Engine {
  worker: Worker;
  api: Remote<EngineApi>;
  stages: RemoteStages;
  started: Promise<Device>;
  lose: (reason: string) => void;
  stageCount: number;
}

/** How long an engine on a GPU is kept without a stage: most of its memory is the device's, and was given back. */
const keepEmptyMs = 1_000;

/** What ONNX Runtime's wasm says when it can't go on, in any later call either. */
const brokenRuntime = /abort|unreachable|out of memory|out of bounds|null function|bad_alloc/i;

export function webWorkerStageHost({ log }: { log: Log }, init: WebWorkerStageHostInit): WebWorkerStageHost {
  let engine: Engine | undefined;
  let lostReason: string | undefined;

  function open(): Engine {
    if (engine) return engine;
    const worker = openBehindScript(engineScript, 'potluck-engine');
    const api = wrap<EngineApi>(worker);
    const { backend, wasmThreads, subgroups } = init;
    const lost = deferred<never>();
    const opened: Engine = {
      worker,
      api,
      stages: remoteStages(api, (error) => {
        if (brokenRuntime.test(messageOf(error))) opened.lose(`the runtime broke: ${messageOf(error)}`);
      }),
      started: Promise.race([api.start({ backend, wasmThreads, subgroups }), lost.promise]),
      lose: (reason) => {
        if (engine !== opened) return;
        engine = undefined;
        worker.terminate();
        const error = Object.assign(new Error(reason), { code: 'compute-failed' });
        lost.reject(error);
        opened.stages.lose(error);
        lostReason = reason;
        init.onLost(reason);
      },
      stageCount: 0,
    };
    worker.addEventListener('error', (event) => {
      opened.lose(`the engine’s web worker failed: ${event.message || 'it could not be loaded'}`);
    });
    api.lost().then(opened.lose, () => undefined);
    engine = opened;
    return opened;
  }

  function close(): void {
    const closed = engine;
    engine = undefined;
    closed?.worker.terminate();
    closed?.api[releaseProxy]();
    closed?.stages.lose(new StageGoneError('the engine was closed'));
  }

  /** Wasm's memory only grows: with the last stage, all of it is given back. */
  function closeIfEmpty(owner: Engine): void {
    if (engine !== owner || owner.stageCount > 0) return;
    log.debug({}, 'no stage is left; the engine is ended');
    close();
  }

  /** A GPU's self-test is followed by the stage that it is for: it need not load the runtime again. */
  function closeWhenEmpty(owner: Engine): void {
    if (init.backend === 'webgpu') setTimeout(() => closeIfEmpty(owner), keepEmptyMs);
    else closeIfEmpty(owner);
  }

  return {
    async start() {
      return open().started;
    },
    async load(artifact, cacheBytes) {
      if (lostReason !== undefined) throw new Error(lostReason);
      const owner = open();
      owner.stageCount++;
      try {
        await owner.started;
        const stage = await owner.stages.load(artifact, cacheBytes);
        return {
          ...stage,
          async dispose() {
            try {
              await stage.dispose();
            } finally {
              owner.stageCount--;
              closeWhenEmpty(owner);
            }
          },
        };
      } catch (error) {
        owner.stageCount--;
        closeIfEmpty(owner);
        throw error;
      }
    },
    close,
  };
}

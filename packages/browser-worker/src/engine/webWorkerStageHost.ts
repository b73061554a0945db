/** Stages in a web worker of their own: it can be ended to free what wasm never gives back, and replaced when it breaks. */
import type { Device } from '@potluck/protocol';
import { deferred, messageOf, type LoadedStage, type Log, type StageHost } from '@potluck/worker';
import { releaseProxy, transfer, wrap, type Remote } from 'comlink';
import '../comlinkErrors.ts';
import type { EngineApi, EngineInit } from './engineApi.ts';
import { openEngineWorker } from './openEngineWorker.ts';
import { buffersOf } from './transfers.ts';

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
  started: Promise<Device>;
  /** Rejects when it is gone. */
  lost: Promise<never>;
  lose: (reason: string) => void;
  /** Ends each call that is under way. */
  underWay: Set<(reason: unknown) => void>;
  stages: number;
}

/** How long an engine on a GPU is kept without a stage: most of its memory is the device's, and was given back. */
const keepEmptyMs = 1_000;

/** What ONNX Runtime's wasm says when it can't go on, in any later call either. */
const brokenRuntime = /abort|unreachable|out of memory|out of bounds|null function|bad_alloc/i;

export function webWorkerStageHost({ log }: { log: Log }, init: WebWorkerStageHostInit): WebWorkerStageHost {
  let engine: Engine | undefined;
  let lastStageId = 0;
  let lostReason: string | undefined;

  function open(): Engine {
    if (engine) return engine;
    const worker = openEngineWorker();
    const lost = deferred<never>();
    const api = wrap<EngineApi>(worker);
    const { backend, wasmThreads, subgroups } = init;
    const opened: Engine = {
      worker,
      api,
      started: Promise.race([api.start({ backend, wasmThreads, subgroups }), lost.promise]),
      lost: lost.promise,
      lose: (reason) => {
        if (engine !== opened) return;
        engine = undefined;
        worker.terminate();
        const error = Object.assign(new Error(reason), { code: 'compute-failed' });
        lost.reject(error);
        for (const fail of opened.underWay) fail(error);
        lostReason = reason;
        init.onLost(reason);
      },
      underWay: new Set(),
      stages: 0,
    };
    worker.addEventListener('error', (event) => {
      opened.lose(`the engine’s web worker failed: ${event.message || 'it could not be loaded'}`);
    });
    api.lost().then(opened.lose, () => undefined);
    engine = opened;
    return opened;
  }

  /**
   * A call's result, or why the engine is gone. No race with `lost`: that would keep every result for as long as the
   * engine lives, and the tensors in it.
   */
  async function guarded<Result>(owner: Engine, call: Promise<Result>): Promise<Result> {
    if (engine !== owner) return owner.lost;
    const result = deferred<Result>();
    owner.underWay.add(result.reject);
    call.then(result.resolve, result.reject);
    try {
      return await result.promise;
    } catch (error) {
      if (brokenRuntime.test(messageOf(error))) owner.lose(`the runtime broke: ${messageOf(error)}`);
      throw error;
    } finally {
      owner.underWay.delete(result.reject);
    }
  }

  function close(): void {
    engine?.worker.terminate();
    engine?.api[releaseProxy]();
    engine = undefined;
  }

  /** Wasm's memory only grows: with the last stage, all of it is given back. */
  function closeIfEmpty(owner: Engine): void {
    if (engine !== owner || owner.stages > 0) return;
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
      owner.stages++;
      const stageId = ++lastStageId;
      const { api } = owner;
      let left: number;
      try {
        await owner.started;
        const buffers = buffersOf([artifact.graph, ...artifact.weights.map(({ data }) => data)]);
        left = await guarded(owner, api.load(stageId, transfer(artifact, buffers), cacheBytes));
      } catch (error) {
        owner.stages--;
        closeIfEmpty(owner);
        throw error;
      }
      const stage: LoadedStage = {
        cacheBytes: left,
        warmUp: () => guarded(owner, api.warmUp(stageId)),
        open: (request) => guarded(owner, api.open(stageId, request)),
        step: (request) => {
          const inputs = buffersOf(request.boundary?.map(({ bytes }) => bytes) ?? []);
          return guarded(owner, api.step(stageId, transfer(request, inputs)));
        },
        release: (cacheId) => guarded(owner, api.release(stageId, cacheId)),
        unload: async () => {
          try {
            await guarded(owner, api.unload(stageId));
          } finally {
            owner.stages--;
            closeWhenEmpty(owner);
          }
        },
        lost: owner.lost,
      };
      return stage;
    },
    close,
  };
}

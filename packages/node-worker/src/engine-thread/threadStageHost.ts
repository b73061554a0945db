/** Stages in a thread of their own. If the thread ends by itself, its stages are lost and the next load starts another. */
import { Worker } from 'node:worker_threads';
import {
  deferred,
  type Deferred,
  type LoadedStage,
  type Log,
  type StageHost,
  type StageStepResult,
} from '@potluck/worker';
import {
  buffersOf,
  type EngineCall,
  type EngineRequest,
  type EngineResponse,
  type EngineThreadInit,
} from './messages.ts';

export interface ThreadStageHost extends StageHost {
  close(): Promise<void>;
}

export function threadStageHost(
  { log, entry = new URL('./engineThread.ts', import.meta.url) }: { log: Log; entry?: URL },
  init: EngineThreadInit,
): ThreadStageHost {
  let thread: EngineThread | undefined;
  let lastStageId = 0;

  function start(): EngineThread {
    const started = new EngineThread(entry, init, (reason) => {
      if (thread === started) thread = undefined;
      log.error({ reason }, 'the engine’s thread ended; the next stage gets a new one');
    });
    return started;
  }

  return {
    async load(artifact, cacheBytes) {
      const host = (thread ??= start());
      const stageId = ++lastStageId;
      const views = [artifact.graph, ...artifact.weights.map(({ data }) => data)];
      await host.call(stageId, { call: 'load', artifact, cacheBytes }, buffersOf(views));
      const stage: LoadedStage = {
        warmUp: () => host.call(stageId, { call: 'warmUp' }) as Promise<void>,
        open: (request) => host.call(stageId, { call: 'open', request }) as Promise<void>,
        step: (request) => {
          const transfer = request.boundary ? buffersOf(request.boundary.map(({ bytes }) => bytes)) : [];
          return host.call(stageId, { call: 'step', request }, transfer) as Promise<StageStepResult>;
        },
        release: (cacheId) => host.call(stageId, { call: 'release', cacheId }) as Promise<void>,
        unload: () => host.call(stageId, { call: 'unload' }) as Promise<void>,
        lost: host.lost,
      };
      return stage;
    },
    async close() {
      await thread?.close();
      thread = undefined;
    },
  };
}

class EngineThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Deferred<unknown>>();
  readonly #lost = deferred<never>();
  readonly #onLost: (reason: string) => void;
  #lastId = 0;
  #ended = false;

  constructor(entry: URL, init: EngineThreadInit, onLost: (reason: string) => void) {
    this.#onLost = onLost;
    this.#worker = new Worker(entry, { workerData: init });
    this.#worker.on('message', (response: EngineResponse) => this.#settle(response));
    this.#worker.on('error', (error) => this.#lose(error instanceof Error ? error.message : String(error)));
    this.#worker.on('exit', (code) => this.#lose(`exit code ${code}`));
  }

  get lost(): Promise<never> {
    return this.#lost.promise;
  }

  call(stageId: number, call: EngineCall, transfer: ArrayBuffer[] = []): Promise<unknown> {
    if (this.#ended) return Promise.reject(threadGone('it has ended'));
    const id = ++this.#lastId;
    const result = deferred<unknown>();
    this.#pending.set(id, result);
    const request: EngineRequest = { ...call, id, stageId };
    this.#worker.postMessage(request, transfer);
    return result.promise;
  }

  async close(): Promise<void> {
    this.#ended = true;
    await this.#worker.terminate();
  }

  #settle(response: EngineResponse): void {
    const result = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if (response.ok) result?.resolve(response.value);
    else result?.reject(Object.assign(new Error(response.error.message), response.error));
  }

  #lose(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    const error = threadGone(reason);
    for (const result of this.#pending.values()) result.reject(error);
    this.#pending.clear();
    this.#lost.reject(error);
    this.#onLost(reason);
  }
}

function threadGone(reason: string): Error {
  return Object.assign(new Error(`the engine’s thread is gone: ${reason}`), { code: 'compute-failed' });
}

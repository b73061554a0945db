/** Entry of the web worker that runs ONNX Runtime: `run()` blocks it with wasm, so nothing else lives here. */
import { createStage, RunQueue, type OrtModule, type Stage, type StageOptions } from '@potluck/engine';
import { deferred } from '@potluck/worker';
import { expose, transfer } from 'comlink';
import '../comlinkErrors.ts';
import type { EngineApi, EngineInit } from './engineApi.ts';
import { loadRuntime } from './loadRuntime.ts';
import { openGpu, type OpenGpu } from './openGpu.ts';
import { buffersOf } from './transfers.ts';

const queue = new RunQueue();
const stages = new Map<number, Stage>();
const lost = deferred<string>();
let ort: OrtModule | undefined;
let gpu: OpenGpu | undefined;

const api: EngineApi = {
  async start({ backend, wasmThreads, subgroups }: EngineInit) {
    if (backend === 'webgpu') {
      gpu = await openGpu({ subgroups });
      watch(gpu.device);
    }
    ort = await loadRuntime(backend, wasmThreads);
    if (gpu) return { kind: 'webgpu', description: gpu.description, float16: gpu.float16 };
    const threads = wasmThreads === 1 ? '1 thread' : `${wasmThreads} threads`;
    return { kind: 'wasm', description: `processor, ${threads}`, float16: true };
  },
  lost: () => lost.promise,
  async load(stageId, artifact, cacheBytes) {
    if (!ort) throw new Error('the engine was not started');
    const stage = await createStage(ort, artifact, { ...provider(), cacheBytes, queue });
    stages.set(stageId, stage);
    return stage.usage.capacityBytes;
  },
  warmUp: (stageId) => stageOf(stageId).warmUp(),
  open: async (stageId, request) => stageOf(stageId).open(request),
  async step(stageId, request) {
    const result = await stageOf(stageId).step(request);
    return transfer(result, buffersOf(result.boundary?.map(({ bytes }) => bytes) ?? []));
  },
  release: async (stageId, cacheId) => stageOf(stageId).release(cacheId),
  async unload(stageId) {
    const stage = stageOf(stageId);
    stages.delete(stageId);
    await stage.dispose();
  },
};

/**
 * WebGPU writes caches where they are; wasm copies every output, so there only new rows come back. Wasm has no kernels for
 * packed weights either.
 */
function provider(): Pick<
  StageOptions,
  'executionProviders' | 'cacheStrategy' | 'gpuDevice' | 'floatWeights'
> {
  if (!gpu) return { executionProviders: ['wasm'], cacheStrategy: 'rows', floatWeights: true };
  const { device } = gpu;
  return {
    executionProviders: [{ name: 'webgpu', device } as never],
    cacheStrategy: 'in-place',
    gpuDevice: device,
  };
}

function watch(device: GPUDevice): void {
  void device.lost.then(({ reason, message }) =>
    lost.resolve(`the GPU device was lost (${message || reason})`),
  );
  device.addEventListener('uncapturederror', ({ error }) => {
    if (error instanceof GPUOutOfMemoryError) lost.resolve(`the GPU has no more memory (${error.message})`);
    else console.error(error.message);
  });
}

function stageOf(stageId: number): Stage {
  const stage = stages.get(stageId);
  if (!stage) throw Object.assign(new Error('the stage is not loaded'), { code: 'stage-gone' });
  return stage;
}

expose(api);

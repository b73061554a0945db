/**
 * Entry of the web worker that runs ONNX Runtime: `run()` blocks it with wasm, so nothing else lives here. Only its end
 * gives wasm's memory back, and the agent replaces it where the GPU is lost or the runtime breaks.
 */
import { createStage, RunQueue, type OrtModule, type StageOptions } from '@potluck/engine';
import { stageService } from '@potluck/engine/rpc';
import { deferred } from '@potluck/worker';
import { expose } from 'comlink';
import type { EngineApi, EngineInit } from './engineApi.ts';
import { loadRuntime } from './loadRuntime.ts';
import { openGpu, type OpenGpu } from './openGpu.ts';
import { webConstraints } from './webConstraints.ts';

const queue = new RunQueue();
const constraints = webConstraints();
const lost = deferred<string>();
let ort: OrtModule | undefined;
let gpu: OpenGpu | undefined;

const api: EngineApi = {
  ...stageService((artifact, cacheBytes) => {
    if (!ort) throw new Error('the engine was not started');
    return createStage(ort, artifact, { ...provider(), cacheBytes, queue, constraints });
  }),
  async start({ backend, wasmThreads, subgroups }: EngineInit) {
    if (backend === 'webgpu') {
      gpu = await openGpu({ subgroups });
      watch(gpu.device);
    }
    ort = await loadRuntime(backend, wasmThreads);
    if (gpu) return { kind: 'webgpu', description: gpu.description, float16: gpu.float16 };
    const description = wasmThreads === 1 ? 'processor, 1 thread' : `processor, ${wasmThreads} threads`;
    return { kind: 'wasm', description, float16: true };
  },
  lost: () => lost.promise,
};

/**
 * WebGPU writes caches where they are; wasm copies every output, so there only new rows come back. Wasm has no kernels for
 * packed weights either.
 */
function provider(): Pick<
  StageOptions,
  'executionProviders' | 'cacheStrategy' | 'gpuDevice' | 'floatWeights' | 'mostFilledRows' | 'mostLoneTime'
> {
  if (!gpu) return { executionProviders: ['wasm'], cacheStrategy: 'rows', floatWeights: true };
  const { device } = gpu;
  return {
    executionProviders: [{ name: 'webgpu', device } as never],
    cacheStrategy: 'in-place',
    gpuDevice: device,
    // Kernels for fewer rows round otherwise; on some GPUs those for 4 take a lone stream much longer.
    mostFilledRows: 4,
    mostLoneTime: 1.3,
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

expose(api);

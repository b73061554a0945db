/** What the browser says of the device, without loading anything. */
import type { DeviceOffer, Problem } from '../snapshot.ts';
import { estimateStorage } from './estimateStorage.ts';
import { gpuClass, gpuName } from './gpuName.ts';
import { suggestMemory } from './suggestMemory.ts';

/** Wasm scales little beyond. */
const mostWasmThreads = 8;

/** Never rejects. @param mainMemoryBytes see suggestMemory */
export async function inspectDevice(mainMemoryBytes?: number): Promise<DeviceOffer> {
  const { gpu, withoutGpu } = await inspectGpu();
  const threads = navigator.hardwareConcurrency || 1;
  const { deviceMemory } = navigator as { deviceMemory?: number };
  return {
    kind: gpu ? 'webgpu' : 'wasm',
    gpu,
    withoutGpu,
    processor: {
      threads,
      wasmThreads: globalThis.crossOriginIsolated ? Math.min(threads, mostWasmThreads) : 1,
    },
    secureContext: globalThis.isSecureContext,
    crossOriginIsolated: globalThis.crossOriginIsolated,
    memory: suggestMemory(gpu, deviceMemory, mainMemoryBytes),
    storage: await inspectStorage(),
  };
}

async function inspectGpu(): Promise<Pick<DeviceOffer, 'gpu' | 'withoutGpu'>> {
  const without = (problem: Problem) => ({ gpu: undefined, withoutGpu: problem });
  const { gpu } = navigator as { gpu?: GPU };
  if (!gpu) {
    return without(
      globalThis.isSecureContext
        ? {
            message: 'This browser has no WebGPU.',
            advice: 'The processor is used. A current Chrome, Edge, Firefox or Safari would use the GPU.',
          }
        : {
            message: 'Browsers give pages on plain http no GPU.',
            advice: 'Open this page over https to use it; until then the processor is used.',
          },
    );
  }
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter) {
      const { info, features, limits } = adapter;
      return {
        gpu: {
          name: gpuName(info),
          class: gpuClass(info),
          float16: features.has('shader-f16'),
          maxBufferBytes: limits.maxBufferSize,
        },
        withoutGpu: undefined,
      };
    }
  } catch {
    // As if there were none.
  }
  return without({
    message: 'The browser has WebGPU, but no GPU that it would use.',
    advice: 'Check that hardware acceleration is on in its settings; until then the processor is used.',
  });
}

async function inspectStorage(): Promise<DeviceOffer['storage']> {
  try {
    const estimate = await estimateStorage();
    return estimate && { ...estimate, persistent: await navigator.storage.persisted() };
  } catch {
    return undefined;
  }
}

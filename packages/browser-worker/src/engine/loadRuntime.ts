/** Loads the build of ONNX Runtime that suits the device; each is fetched only when it is asked for. */
import type { OrtModule } from '@potluck/engine';
import type * as ortWeb from 'onnxruntime-web';

export type Backend = 'webgpu' | 'wasm';

/** `/wasm` has all operators on the CPU; the builds with the native WebGPU provider have less of them there. */
export async function loadRuntime(backend: Backend, wasmThreads: number): Promise<OrtModule> {
  const ort = await importBuild(backend);
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = backend === 'wasm' ? wasmThreads : 1;
  return ort as unknown as OrtModule;
}

function importBuild(backend: Backend): Promise<Pick<typeof ortWeb, 'env'>> {
  if (backend === 'wasm') return import('onnxruntime-web/wasm');
  return 'Suspending' in WebAssembly ? import('onnxruntime-web/jspi') : import('onnxruntime-web/webgpu');
}

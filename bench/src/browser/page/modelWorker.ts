/// <reference types="vite/client" />
/** Entry of the web worker that runs the whole model with @huggingface/transformers, as its documentation runs it. */
import { AutoModelForCausalLM, env, type PreTrainedModel } from '@huggingface/transformers';
import { expose } from 'comlink';
import gpuScript from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import gpuBinary from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import script from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import binary from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { generateWhole, type Job, type Measurement } from '../../generateWhole.ts';

export interface WholeModelInit {
  /** Folder with the model, seen from the page's origin. */
  path: string;
  device: 'wasm' | 'webgpu';
  threads: number;
}

export interface WholeModelApi {
  load(init: WholeModelInit): Promise<void>;
  generate(job: Job): Promise<Measurement>;
}

let model: PreTrainedModel | undefined;

const api: WholeModelApi = {
  async load({ path, device, threads }) {
    env.allowRemoteModels = false;
    env.allowLocalModels = true;
    env.localModelPath = '/';
    env.useBrowserCache = false;
    env.useWasmCache = false;
    const { wasm } = env.backends.onnx;
    if (!wasm) throw new Error('this build of transformers.js has no wasm');
    // Its default for both comes from a CDN and lacks operators on the processor that this graph has.
    wasm.wasmPaths = device === 'wasm' ? { mjs: script, wasm: binary } : { mjs: gpuScript, wasm: gpuBinary };
    wasm.numThreads = device === 'wasm' ? threads : 1;
    model = await AutoModelForCausalLM.from_pretrained(path, {
      local_files_only: true,
      device,
      dtype: 'fp32',
    });
  },
  async generate(job) {
    if (!model) throw new Error('no model was loaded');
    return generateWhole(model, job);
  },
};

expose(api);

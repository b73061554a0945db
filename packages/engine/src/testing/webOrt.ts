/** ONNX Runtime for the web, its wasm backend, run by Node: the code that a tab without WebGPU runs. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as ort from 'onnxruntime-web/wasm';
import type { OrtModule } from '../ortModule.ts';

let loaded: Promise<OrtModule> | undefined;

/** Loads the wasm file once; one thread. */
export function webOrt(): Promise<OrtModule> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<OrtModule> {
  const file = fileURLToPath(import.meta.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'));
  const bytes = await readFile(file);
  ort.env.wasm.wasmBinary = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  return ort;
}

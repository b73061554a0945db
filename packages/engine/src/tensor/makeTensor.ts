/** Tensors over bytes in script's memory. */
import type { Tensor } from 'onnxruntime-common';
import type { OrtModule } from '../ortModule.ts';
import { tensorBytes, typedView, type StageElementType } from './elements.ts';

/** @returns a tensor that shares `bytes` (copied only where they are misaligned) */
export function makeTensor(
  ort: OrtModule,
  type: StageElementType,
  bytes: Uint8Array,
  dims: readonly number[],
): Tensor {
  const data = typedView(type, bytes);
  const tensor = new ort.Tensor(type, data, dims);
  // Where the engine has Float16Array, Tensor turns the bits into one, which onnxruntime-node 1.30 can't read: "not
  // enough space: expected 8192, got 0". Both runtimes take the bits as they are.
  if (type === 'float16') Object.defineProperty(tensor, 'cpuData', { value: data, writable: true });
  return tensor;
}

/** @returns a tensor of one axis */
export function int64Tensor(ort: OrtModule, values: readonly number[]): Tensor {
  return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [values.length]);
}

/** @returns the output as it may be fed to a next run: itself, or where `makeTensor` says so a tensor that shares its bytes */
export function asInput(ort: OrtModule, output: Tensor): Tensor {
  if (output.type !== 'float16' || output.location !== 'cpu') return output;
  return makeTensor(ort, 'float16', tensorBytes(output), output.dims);
}

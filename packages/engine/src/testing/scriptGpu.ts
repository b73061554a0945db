/** A GPUDevice whose buffers lie in script's memory, so that the CPU computes what a GPU would, caches in place included. */
import type { Tensor } from 'onnxruntime-common';
import type { GpuBuffer, GpuDevice } from '../cache/gpuDevice.ts';
import type { OrtModule } from '../ortModule.ts';
import { elementCount } from '../tensor/dimensions.ts';
import { bytesPerElement, type StageElementType } from '../tensor/elements.ts';
import { makeTensor } from '../tensor/makeTensor.ts';

export interface ScriptBuffer extends GpuBuffer {
  bytes: Uint8Array<ArrayBuffer>;
  destroyed: boolean;
}

export interface ScriptGpu {
  device: GpuDevice;
  /** All that were ever made. */
  buffers: ScriptBuffer[];
  /** Most bytes that buffers have held at once, since this was set. */
  mostBytes: number;
  heldBytes(): number;
}

/** @param fill what is in new buffers: numbers that are none show what is read that nobody wrote */
export function scriptGpu(fill = 0): ScriptGpu {
  const heldBytes = (): number =>
    gpu.buffers.reduce((sum, { size, destroyed }) => sum + (destroyed ? 0 : size), 0);
  const device: GpuDevice = {
    createBuffer: ({ size }) => {
      const buffer: ScriptBuffer = {
        ...{ size, bytes: new Uint8Array(size).fill(fill), destroyed: false },
        destroy: () => {
          buffer.destroyed = true;
        },
      };
      gpu.buffers.push(buffer);
      gpu.mostBytes = Math.max(gpu.mostBytes, heldBytes());
      return buffer;
    },
    createCommandEncoder: () => {
      const copies: (() => void)[] = [];
      return {
        copyBufferToBuffer: (source, from, destination, to, size) => {
          if (source === destination) throw new TypeError('a device copies from one buffer to another');
          copies.push(() => {
            const bytes = (source as ScriptBuffer).bytes.subarray(from, from + size);
            (destination as ScriptBuffer).bytes.set(bytes, to);
          });
        },
        finish: () => copies,
      };
    },
    queue: {
      submit: (commands) => {
        for (const copies of commands as Iterable<(() => void)[]>) for (const copy of copies) copy();
      },
    },
  };
  const gpu: ScriptGpu = { device, buffers: [], mostBytes: 0, heldBytes };
  return gpu;
}

/** ONNX Runtime that takes such buffers for tensors. */
export function withScriptGpu(ort: OrtModule): OrtModule {
  const fromGpuBuffer = (
    buffer: ScriptBuffer,
    { dataType, dims }: { dataType: StageElementType; dims: readonly number[] },
  ): Tensor => {
    const size = elementCount(dims) * bytesPerElement(dataType);
    return makeTensor(ort, dataType, buffer.bytes.subarray(0, size), dims);
  };
  const Tensor = new Proxy(ort.Tensor, {
    get: (target, name): unknown => (name === 'fromGpuBuffer' ? fromGpuBuffer : Reflect.get(target, name)),
  });
  return { ...ort, InferenceSession: ort.InferenceSession, Tensor };
}

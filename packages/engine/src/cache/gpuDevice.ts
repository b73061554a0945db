/** The part of WebGPU's GPUDevice that caches need (https://www.w3.org/TR/webgpu/), so that Node needs no types of it. */

export interface GpuBuffer {
  readonly size: number;
  destroy(): void;
}

export interface GpuCommandEncoder {
  copyBufferToBuffer(
    source: GpuBuffer,
    sourceOffset: number,
    destination: GpuBuffer,
    destinationOffset: number,
    size: number,
  ): void;
  finish(): unknown;
}

export interface GpuDevice {
  /** In bytes. */
  readonly limits?: { maxBufferSize: number; maxStorageBufferBindingSize: number };
  createBuffer(descriptor: { size: number; usage: number }): GpuBuffer;
  createCommandEncoder(): GpuCommandEncoder;
  readonly queue: { submit(commands: Iterable<unknown>): void };
}

/** GPUBufferUsage COPY_SRC, COPY_DST and STORAGE (W3C WebGPU, section 5.1.2). */
export const cacheBufferUsage = 0x4 | 0x8 | 0x80;

/** Gives a device what is encoded. @returns what `encode` returned */
export function submit<Result>(device: GpuDevice, encode: (encoder: GpuCommandEncoder) => Result): Result {
  const encoder = device.createCommandEncoder();
  const result = encode(encoder);
  device.queue.submit([encoder.finish()]);
  return result;
}

/** @throws TypeError if the value is no GPUDevice */
export function asGpuDevice(value: unknown): GpuDevice {
  const device = value as Partial<GpuDevice> | null | undefined;
  if (typeof device?.createBuffer !== 'function' || typeof device.createCommandEncoder !== 'function') {
    throw new TypeError("Cache strategy 'in-place' needs a GPUDevice as gpuDevice");
  }
  return device as GpuDevice;
}

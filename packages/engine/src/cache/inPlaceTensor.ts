/**
 * A cache in one GPU buffer that is past and present at once: GroupQueryAttention on WebGPU writes the new rows into
 * it, and the mask's length says how many rows count.
 */
import type { Tensor } from 'onnxruntime-common';
import type { OrtModule } from '../ortModule.ts';
import type { BufferPool } from './bufferPool.ts';
import type { CacheLayout } from './cacheLayout.ts';
import type { CacheTensor } from './cacheTensor.ts';
import type { GpuBuffer, GpuDevice } from './gpuDevice.ts';

export class InPlaceTensor implements CacheTensor {
  readonly present: Tensor;
  readonly #ort: OrtModule;
  readonly #layout: CacheLayout;
  readonly #device: GpuDevice;
  readonly #pool: BufferPool<GpuBuffer>;
  readonly #capacity: number;
  readonly #buffer: GpuBuffer;

  constructor(
    ort: OrtModule,
    layout: CacheLayout,
    device: GpuDevice,
    pool: BufferPool<GpuBuffer>,
    capacity: number,
  ) {
    this.#ort = ort;
    this.#layout = layout;
    this.#device = device;
    this.#pool = pool;
    this.#capacity = capacity;
    this.#buffer = pool.take(layout.bytes(capacity));
    this.present = ort.Tensor.fromGpuBuffer(this.#buffer as never, {
      dataType: layout.type as 'float32' | 'float16',
      dims: layout.dims(capacity),
    });
  }

  past(): Tensor {
    return this.present;
  }

  commit(): void {
    // The kernel wrote the rows where they belong.
  }

  fork(_rows: number, length: number, capacity: number): InPlaceTensor {
    const { blocks, rowBytes } = this.#layout;
    const copy = new InPlaceTensor(this.#ort, this.#layout, this.#device, this.#pool, capacity);
    if (length === 0) return copy;
    const encoder = this.#device.createCommandEncoder();
    for (let block = 0; block < blocks; block++) {
      const from = block * this.#capacity * rowBytes;
      const to = block * capacity * rowBytes;
      encoder.copyBufferToBuffer(this.#buffer, from, copy.#buffer, to, length * rowBytes);
    }
    this.#device.queue.submit([encoder.finish()]);
    return copy;
  }

  truncate(): void {
    // Rows past the cache's length are masked, then overwritten.
  }

  dispose(): void {
    // Without a dispose callback of its own, the tensor leaves the buffer to us.
    this.present.dispose();
    this.#pool.give(this.#buffer);
  }
}

/**
 * A cache in a GPU buffer that is past and present at once: GroupQueryAttention on WebGPU writes the new rows into it, and
 * the mask's length says how many rows count. The buffer is its own, or while sessions share runs a slot of one that several
 * caches lie in (`SlotArena`).
 */
import type { Tensor } from 'onnxruntime-common';
import type { OrtModule } from '../ortModule.ts';
import type { BufferPool } from './bufferPool.ts';
import type { CacheLayout } from './cacheLayout.ts';
import type { CacheTensor } from './cacheTensor.ts';
import { submit, type GpuBuffer, type GpuCommandEncoder, type GpuDevice } from './gpuDevice.ts';

/** Where the rows of a cache lie: [blocks, stride, row]. */
export interface RowsPlace {
  buffer: GpuBuffer;
  /** Bytes before the first block. */
  start: number;
  /** Rows between the starts of two blocks. */
  stride: number;
}

/** What caches in place are made with. */
export interface InPlaceParts {
  ort: OrtModule;
  device: GpuDevice;
  pool: BufferPool<GpuBuffer>;
}

interface Slot {
  place: RowsPlace;
  /** Told when the cache ends in it. */
  ended: () => void;
}

export class InPlaceTensor implements CacheTensor {
  readonly #parts: InPlaceParts;
  readonly #layout: CacheLayout;
  /** Most rows that it will hold. */
  readonly capacity: number;
  #own: { buffer: GpuBuffer; tensor: Tensor } | undefined;
  #slot: Slot | undefined;

  constructor(parts: InPlaceParts, layout: CacheLayout, capacity: number) {
    this.#parts = parts;
    this.#layout = layout;
    this.capacity = capacity;
    this.#own = this.#newBuffer();
  }

  /** @throws TypeError while it lies in a slot */
  get present(): Tensor {
    if (!this.#own) throw new TypeError('A cache in a slot has no tensor of its own');
    return this.#own.tensor;
  }

  past(): Tensor {
    return this.present;
  }

  commit(): void {
    // The kernel wrote the rows where they belong.
  }

  fork(_rows: number, length: number, capacity: number): InPlaceTensor {
    const copy = new InPlaceTensor(this.#parts, this.#layout, capacity);
    if (length === 0) return copy;
    submit(this.#parts.device, (encoder) => this.#copy(encoder, this.#place, copy.#place, length));
    return copy;
  }

  truncate(): void {
    // Rows past the cache's length are masked, then overwritten.
  }

  dispose(): void {
    this.#giveOwn();
    const slot = this.#slot;
    this.#slot = undefined;
    slot?.ended();
  }

  /**
   * Copies its first rows into a slot, where it lies once `settled` is called.
   * @returns settled gives the buffer back in which it was, where that was its own
   */
  moveInto(encoder: GpuCommandEncoder, slot: Slot, rows: number): { settled(): void } {
    this.#copy(encoder, this.#place, slot.place, rows);
    return {
      settled: () => {
        this.#giveOwn();
        this.#slot = slot;
      },
    };
  }

  /** Copies its first rows out of its slot into a buffer of its own, where it lies from now on. */
  moveOut(encoder: GpuCommandEncoder, rows: number): void {
    const from = this.#place;
    this.#own ??= this.#newBuffer();
    this.#slot = undefined;
    this.#copy(encoder, from, this.#place, rows);
  }

  get #place(): RowsPlace {
    if (this.#slot) return this.#slot.place;
    if (!this.#own) throw new TypeError('A cache that has ended');
    return { buffer: this.#own.buffer, start: 0, stride: this.capacity };
  }

  #copy(encoder: GpuCommandEncoder, from: RowsPlace, to: RowsPlace, rows: number): void {
    const { blocks, rowBytes } = this.#layout;
    for (let block = 0; block < blocks && rows > 0; block++) {
      const [source, target] = [from, to].map(({ start, stride }) => start + block * stride * rowBytes) as [
        number,
        number,
      ];
      encoder.copyBufferToBuffer(from.buffer, source, to.buffer, target, rows * rowBytes);
    }
  }

  #newBuffer(): { buffer: GpuBuffer; tensor: Tensor } {
    const buffer = this.#parts.pool.take(this.#layout.bytes(this.capacity));
    return {
      buffer,
      tensor: tensorOn(this.#parts.ort, buffer, this.#layout, this.#layout.dims(this.capacity)),
    };
  }

  #giveOwn(): void {
    if (!this.#own) return;
    // Without a dispose callback of its own, the tensor leaves the buffer to us.
    this.#own.tensor.dispose();
    this.#parts.pool.give(this.#own.buffer);
    this.#own = undefined;
  }
}

/** @returns a tensor over the first bytes of a buffer */
export function tensorOn(
  ort: OrtModule,
  buffer: GpuBuffer,
  { type }: CacheLayout,
  dims: readonly number[],
): Tensor {
  return ort.Tensor.fromGpuBuffer(buffer as never, { dataType: type as 'float32' | 'float16', dims });
}

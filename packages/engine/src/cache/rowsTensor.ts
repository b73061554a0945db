/**
 * A cache in script's memory that a step only adds rows to.
 *
 * The graph returns the new rows instead of the whole present (`returnNewRows` of @potluck/onnx), since a runtime that
 * copies every output would copy the whole cache at each step. The buffer has room for the cache's capacity from
 * the start, but its blocks lie only as far apart as the tokens so far need (`#stride`): GroupQueryAttention on the
 * CPU clears and fills a present as long as the past that it is given. Pages beyond are not touched before they are used.
 */
import type { Tensor } from 'onnxruntime-common';
import type { OrtModule } from '../ortModule.ts';
import { tensorBytes } from '../tensor/elements.ts';
import { makeTensor } from '../tensor/makeTensor.ts';
import type { BufferPool } from './bufferPool.ts';
import type { CacheLayout } from './cacheLayout.ts';
import type { CacheTensor } from './cacheTensor.ts';

/**
 * Blocks are moved apart so that a sixteenth more rows fit, in multiples of 16: a present is then at most that much
 * longer than it must be, and a row is moved about sixteen times in all.
 */
function strideFor(rows: number): number {
  return Math.ceil((rows + rows / 16) / 16) * 16;
}

/** New rows of several sessions side by side: [blocks, rows of all, row]. */
export interface NewRows {
  bytes: Uint8Array;
  /** Rows of all in one block. */
  stride: number;
  /** The first one meant. */
  first: number;
}

export class RowsTensor implements CacheTensor {
  readonly present = null;
  readonly #ort: OrtModule;
  readonly #layout: CacheLayout;
  readonly #pool: BufferPool<ArrayBuffer>;
  readonly #capacity: number;
  readonly #buffer: ArrayBuffer;
  /** [blocks, stride, row], the rest of the buffer unused. */
  readonly #bytes: Uint8Array;
  /** Rows between the starts of two blocks. */
  #stride = 0;
  #past: Tensor | undefined;

  /** @param capacity most rows that it will hold */
  constructor(ort: OrtModule, layout: CacheLayout, pool: BufferPool<ArrayBuffer>, capacity: number) {
    this.#ort = ort;
    this.#layout = layout;
    this.#pool = pool;
    this.#capacity = capacity;
    this.#buffer = pool.take(layout.bytes(capacity));
    this.#bytes = new Uint8Array(this.#buffer);
  }

  past(): Tensor {
    const { type } = this.#layout;
    this.#past ??= makeTensor(
      this.#ort,
      type,
      this.#bytes.subarray(0, this.#layout.bytes(this.#stride)),
      this.#layout.dims(this.#stride),
    );
    return this.#past;
  }

  /** @param returned the new rows: [blocks, added, row] */
  commit(returned: Tensor, rows: number, added: number): void {
    this.add({ bytes: tensorBytes(returned), stride: added, first: 0 }, rows, added);
  }

  /** As `commit`, where other sessions' rows came back with this one's. */
  add({ bytes, stride, first }: NewRows, rows: number, added: number): void {
    const { blocks, rowBytes } = this.#layout;
    this.#moveApart(rows, rows + added);
    for (let block = 0; block < blocks; block++) {
      const from = (block * stride + first) * rowBytes;
      const to = (block * this.#stride + rows) * rowBytes;
      this.#bytes.set(bytes.subarray(from, from + added * rowBytes), to);
    }
  }

  fork(_rows: number, length: number, capacity: number): RowsTensor {
    const { blocks, rowBytes } = this.#layout;
    const copy = new RowsTensor(this.#ort, this.#layout, this.#pool, capacity);
    copy.#moveApart(0, length);
    for (let block = 0; block < blocks; block++) {
      const from = block * this.#stride * rowBytes;
      copy.#bytes.set(this.#bytes.subarray(from, from + length * rowBytes), block * copy.#stride * rowBytes);
    }
    return copy;
  }

  truncate(): void {
    // Rows past the cache's length are masked, then overwritten.
  }

  dispose(): void {
    this.#past = undefined;
    this.#pool.give(this.#buffer);
  }

  /** Moves blocks of `rows` rows so far apart that each has room for `needed`, last block first. */
  #moveApart(rows: number, needed: number): void {
    if (needed <= this.#stride) return;
    const { blocks, rowBytes } = this.#layout;
    const stride = Math.min(this.#capacity, strideFor(needed));
    for (let block = blocks - 1; block > 0 && rows > 0; block--) {
      const from = block * this.#stride * rowBytes;
      this.#bytes.copyWithin(block * stride * rowBytes, from, from + rows * rowBytes);
    }
    this.#stride = stride;
    this.#past = undefined;
  }
}

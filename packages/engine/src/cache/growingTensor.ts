/**
 * A cache that a step returns anew: the present of one step is the past of the next. Works for every graph and
 * device, and is how fixed-size states are kept.
 *
 * Tensors are never written to, so a fork shares them; the last holder disposes (memory on a device leaks otherwise).
 */
import type { StageCache } from '@potluck/protocol';
import type { Tensor } from 'onnxruntime-common';
import { TruncateError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { tensorBytes } from '../tensor/elements.ts';
import { asInput, makeTensor } from '../tensor/makeTensor.ts';
import type { CacheLayout } from './cacheLayout.ts';
import type { CacheTensor } from './cacheTensor.ts';
import type { DeviceCutter } from './deviceCutter.ts';

interface SharedTensor {
  tensor: Tensor;
  holders: number;
}

export class GrowingTensor implements CacheTensor {
  readonly present = null;
  readonly #ort: OrtModule;
  readonly #cache: StageCache;
  readonly #layout: CacheLayout;
  /** Cuts what lies on the device; without one, that can't be cut. */
  readonly #cutter: DeviceCutter | undefined;
  #shared: SharedTensor;
  /** Rows to which the tensor on the device is to be cut. */
  #cutTo: number | undefined;

  constructor(
    ort: OrtModule,
    cache: StageCache,
    layout: CacheLayout,
    { cutter, shared }: { cutter?: DeviceCutter | undefined; shared?: SharedTensor } = {},
  ) {
    this.#ort = ort;
    this.#cache = cache;
    this.#layout = layout;
    this.#cutter = cutter;
    if (shared) shared.holders++;
    this.#shared = shared ?? this.#own(new Uint8Array(layout.bytes(0)), 0);
  }

  past(): Tensor {
    return this.#shared.tensor;
  }

  get isUnsettled(): boolean {
    return this.#cutTo !== undefined;
  }

  async settle(): Promise<void> {
    const { sequenceAxis } = this.#cache;
    if (this.#cutTo === undefined || sequenceAxis === undefined || !this.#cutter) return;
    const tensor = await this.#cutter.cut(this.#shared.tensor, sequenceAxis, this.#cutTo);
    this.#replace({ tensor, holders: 1 });
  }

  /** @param returned the whole present: past and new rows, or the new state */
  commit(returned: Tensor): void {
    this.#replace({ tensor: asInput(this.#ort, returned), holders: 1 });
  }

  fork(rows: number, length: number): GrowingTensor {
    const fork = new GrowingTensor(this.#ort, this.#cache, this.#layout, {
      cutter: this.#cutter,
      shared: this.#shared,
    });
    fork.#cutTo = this.#cutTo;
    try {
      fork.truncate(rows, length);
    } catch (error) {
      fork.dispose();
      throw error;
    }
    return fork;
  }

  truncate(rows: number, length: number): void {
    if (length === rows) return;
    if (length === 0) {
      this.#replace(this.#own(new Uint8Array(this.#layout.bytes(0)), 0));
      return;
    }
    if (this.#cache.kind === 'state') {
      throw new TruncateError(
        `Cache "${this.#cache.input}" is a state of ${rows} tokens: it can't be cut back to ${length}`,
      );
    }
    if (this.#shared.tensor.location !== 'cpu' && this.#cutter) {
      this.#cutTo = length;
      return;
    }
    if (this.#shared.tensor.location !== 'cpu') {
      throw new TruncateError(
        `Cache "${this.#cache.input}" is on the device: it can't be cut back to ${length} of ${rows} tokens`,
      );
    }
    const { blocks, rowBytes } = this.#layout;
    const from = tensorBytes(this.#shared.tensor);
    const bytes = new Uint8Array(this.#layout.bytes(length));
    for (let block = 0; block < blocks; block++) {
      const start = block * rows * rowBytes;
      bytes.set(from.subarray(start, start + length * rowBytes), block * length * rowBytes);
    }
    this.#replace(this.#own(bytes, length));
  }

  dispose(): void {
    release(this.#shared);
  }

  #own(bytes: Uint8Array, rows: number): SharedTensor {
    const { type } = this.#layout;
    return { tensor: makeTensor(this.#ort, type, bytes, this.#layout.dims(rows)), holders: 1 };
  }

  #replace(next: SharedTensor): void {
    this.#cutTo = undefined;
    const last = this.#shared;
    this.#shared = next;
    release(last);
  }
}

function release(shared: SharedTensor): void {
  shared.holders--;
  if (shared.holders === 0) shared.tensor.dispose();
}

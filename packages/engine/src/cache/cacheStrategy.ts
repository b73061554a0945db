/** How a stage keeps its caches between steps, chosen by what its runtime and device can do. */
import type { StageCache } from '@potluck/protocol';
import type { OrtModule } from '../ortModule.ts';
import { arrayBufferPool, BufferPool } from './bufferPool.ts';
import { cacheLayout } from './cacheLayout.ts';
import type { CacheTensor } from './cacheTensor.ts';
import { asGpuDevice, cacheBufferUsage, type GpuBuffer } from './gpuDevice.ts';
import type { DeviceCutter } from './deviceCutter.ts';
import { GrowingTensor } from './growingTensor.ts';
import { InPlaceTensor } from './inPlaceTensor.ts';
import { RowsTensor } from './rowsTensor.ts';
import { SlotArena } from './slotArena.ts';

/**
 * - `rows`: CPU; the graph returns only new rows, script writes them into buffers (RowsTensor);
 * - `growing`: anywhere; what a step returns is fed to the next (GrowingTensor);
 * - `in-place`: onnxruntime-web on WebGPU; one buffer as past and present (InPlaceTensor).
 * The first and last hold for caches that are `capacityPadded`, and `rows` for others where the graph takes them so; the rest grow.
 */
export type CacheStrategyName = 'rows' | 'growing' | 'in-place';

export interface CacheStrategy {
  /** New, empty tensors for one cache, in the order of the stage's caches; at most `capacity` rows each. */
  create(capacity: number): CacheTensor[];
  /** From now on caches and the memory kept for later ones may take so many bytes together. */
  resize(limitBytes: number): void;
  /** Frees the memory kept for later caches. */
  clear(): void;
  /** Where caches may lie side by side; only where all of them are in place. */
  readonly arena?: SlotArena;
}

/** True where this strategy keeps this cache in a buffer of its capacity. */
export function isPadded(name: CacheStrategyName, cache: StageCache): boolean {
  return name !== 'growing' && cache.kind === 'attention' && cache.capacityPadded;
}

export interface CacheStrategyOptions {
  /** Only for `in-place`. */
  gpuDevice?: unknown;
  cutter?: DeviceCutter | undefined;
  /** With `rows`: whether the graph takes every attention cache as rows, also where it is not `capacityPadded`. */
  allRows?: boolean;
}

/** @throws TypeError if `in-place` comes without a GPUDevice */
export function createCacheStrategy(
  name: CacheStrategyName,
  ort: OrtModule,
  caches: readonly StageCache[],
  limitBytes: number,
  { gpuDevice, cutter, allRows = false }: CacheStrategyOptions = {},
): CacheStrategy {
  const layouts = caches.map((cache) => ({ cache, layout: cacheLayout(cache) }));
  const growing = ({ cache, layout }: (typeof layouts)[number]): CacheTensor =>
    new GrowingTensor(ort, cache, layout, { cutter });
  if (name === 'growing') {
    return { create: () => layouts.map(growing), resize: () => undefined, clear: () => undefined };
  }
  if (name === 'rows') {
    const pool = arrayBufferPool(limitBytes);
    return {
      create: (capacity) =>
        layouts.map((entry) =>
          isPadded(name, entry.cache) || (allRows && entry.cache.kind === 'attention')
            ? new RowsTensor(ort, entry.layout, pool, capacity)
            : growing(entry),
        ),
      resize: (bytes) => pool.resize(bytes),
      clear: () => pool.clear(),
    };
  }
  const device = asGpuDevice(gpuDevice);
  const pool = new BufferPool<GpuBuffer>({
    limitBytes,
    create: (bytes) => device.createBuffer({ size: bytes, usage: cacheBufferUsage }),
    size: (buffer) => buffer.size,
    destroy: (buffer) => buffer.destroy(),
  });
  const parts = { ort, device, pool };
  const areAllInPlace = layouts.every(({ cache }) => isPadded(name, cache));
  return {
    create: (capacity) =>
      layouts.map((entry) =>
        isPadded(name, entry.cache) ? new InPlaceTensor(parts, entry.layout, capacity) : growing(entry),
      ),
    resize: (bytes) => pool.resize(bytes),
    clear: () => pool.clear(),
    ...(areAllInPlace && {
      arena: new SlotArena(
        parts,
        layouts.map(({ layout }) => layout),
      ),
    }),
  };
}

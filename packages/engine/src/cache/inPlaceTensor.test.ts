import { describe, expect, it } from 'vitest';
import type { OrtModule } from '../ortModule.ts';
import { scriptGpu } from '../testing/scriptGpu.ts';
import { createCacheStrategy } from './cacheStrategy.ts';
import { asGpuDevice } from './gpuDevice.ts';

const ort = {
  Tensor: {
    fromGpuBuffer: (gpuBuffer: unknown, { dims }: { dims: number[] }) => ({
      gpuBuffer,
      dims,
      dispose: () => undefined,
    }),
  },
} as unknown as OrtModule;

const cache = {
  layer: 0,
  kind: 'attention',
  input: 'past',
  output: 'present',
  type: 'float16',
  dims: [1, 2, 'past', 4],
  sequenceAxis: 2,
  capacityPadded: true,
} as const;
/** Bytes of one row: 4 elements of 2 bytes. */
const rowBytes = 8;
const capacity = 5;

describe('caches in place', () => {
  const setup = () => {
    const { device, buffers } = scriptGpu();
    const strategy = createCacheStrategy('in-place', ort, [{ ...cache, dims: [...cache.dims] }], 1000, {
      gpuDevice: device,
    });
    const [tensor] = strategy.create(capacity);
    if (!tensor) throw new Error('One cache tensor expected');
    return { buffers, strategy, tensor };
  };

  it('feed one tensor of the whole capacity as past and present', () => {
    const { tensor, buffers } = setup();
    expect(tensor.present).toBe(tensor.past(3));
    expect(tensor.present?.dims).toEqual([1, 2, capacity, 4]);
    expect(buffers[0]?.size).toBe(2 * capacity * rowBytes);
  });

  it('copy only the rows that count into a fork, head by head', () => {
    const { tensor, buffers } = setup();
    buffers[0]?.bytes.forEach((_, index, bytes) => {
      bytes[index] = 1 + Math.floor(index / rowBytes);
    });
    tensor.fork(4, 3, capacity - 1);
    const rows = Array.from({ length: 2 * (capacity - 1) }, (_, row) => buffers[1]?.bytes[row * rowBytes]);
    expect(rows).toEqual([1, 2, 3, 0, 6, 7, 8, 0]);
  });

  it('give their buffer to the next cache, and free it when the stage ends', () => {
    const { tensor, buffers, strategy } = setup();
    tensor.dispose();
    const [next] = strategy.create(capacity);
    expect(buffers).toHaveLength(1);
    next?.dispose();
    strategy.clear();
    expect(buffers[0]?.destroyed).toBe(true);
  });

  it('need a device', () => {
    expect(() => asGpuDevice(undefined)).toThrow(TypeError);
  });
});

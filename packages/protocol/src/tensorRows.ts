/** The rows of boundary tensors that have one for each token of their step. Pure. */
import type { FrameTensor } from './frame.ts';
import type { StageTensor } from './model.ts';

/** The axis along which a tensor has one row for each token of its step; undefined where it has not. */
export function axisOfRows({ dims }: Pick<StageTensor, 'dims'>): number | undefined {
  const isPlain = !dims.includes('past') && !dims.includes('total');
  const axis = dims.indexOf('step');
  return isPlain && axis >= 0 && dims.lastIndexOf('step') === axis ? axis : undefined;
}

/** How often the axis is gone through, and the bytes of one row of it. */
export function layoutOfRows(
  { dims, bytes }: FrameTensor,
  axis: number,
): { outer: number; rowBytes: number } {
  const outer = dims.slice(0, axis).reduce((product, dim) => product * dim, 1);
  return { outer, rowBytes: bytes.byteLength / outer / (dims[axis] ?? 1) };
}

/** @returns one row of a tensor, in bytes of its own */
export function rowOf(tensor: FrameTensor, axis: number, row: number): FrameTensor {
  const { outer, rowBytes } = layoutOfRows(tensor, axis);
  const bytes = new Uint8Array(outer * rowBytes);
  const stride = tensor.bytes.byteLength / outer;
  for (let place = 0; place < outer; place++) {
    const start = place * stride + row * rowBytes;
    bytes.set(tensor.bytes.subarray(start, start + rowBytes), place * rowBytes);
  }
  return { ...tensor, dims: tensor.dims.with(axis, 1), bytes };
}

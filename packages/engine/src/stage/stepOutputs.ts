/** What leaves a stage after a step: boundary tensors as bytes, or the last position's logits. */
import { isFrameElementType, type FrameTensor, type StageTensor } from '@potluck/protocol';
import type { Tensor } from 'onnxruntime-common';
import { ComputeError } from '../errors.ts';
import { float16ToFloat32 } from '../tensor/float16.ts';
import { tensorBytes } from '../tensor/elements.ts';

/** @returns views of the outputs' bytes, in the order of `expected` */
export function boundaryTensors(
  outputs: Readonly<Record<string, Tensor>>,
  expected: readonly StageTensor[],
): FrameTensor[] {
  return expected.map(({ name }) => {
    const tensor = output(outputs, name);
    if (tensor.type === 'string' || !isFrameElementType(tensor.type)) {
      throw new ComputeError(`Boundary tensor "${name}" is of type ${tensor.type}, which can't be sent`);
    }
    return { type: tensor.type, dims: [...tensor.dims], bytes: tensorBytes(tensor) };
  });
}

/** @returns `length` rows of [1, rows, …], in bytes of their own where there are more: whoever gets them may take these away */
export function cutRows({ type, dims, bytes }: FrameTensor, first: number, length: number): FrameTensor {
  const [batch = 1, rows = length, ...row] = dims;
  if (rows === length) return { type, dims, bytes };
  const rowBytes = bytes.byteLength / rows;
  return {
    type,
    dims: [batch, length, ...row],
    bytes: bytes.slice(first * rowBytes, (first + length) * rowBytes),
  };
}

/**
 * @param row which of the rows that got logits
 * @returns its logits [vocabulary], free to be changed
 */
function logitsOfRow(
  outputs: Readonly<Record<string, Tensor>>,
  logits: StageTensor,
  row: number,
): Float32Array {
  const tensor = output(outputs, logits.name);
  const vocabulary = tensor.dims.at(-1) ?? 0;
  const bytes = tensorBytes(tensor);
  const size = tensor.type === 'float16' ? 2 : 4;
  const start = row * vocabulary * size;
  if (vocabulary === 0 || bytes.byteLength < start + vocabulary * size)
    throw new ComputeError(`No logits in "${logits.name}"`);
  switch (tensor.type) {
    case 'float32':
      return new Float32Array(bytes.buffer, bytes.byteOffset + start, vocabulary);
    case 'float16':
      return float16ToFloat32(new Uint16Array(bytes.buffer, bytes.byteOffset + start, vocabulary));
    default:
      throw new ComputeError(`Logits of type ${tensor.type}`);
  }
}

/** @returns the logits of `count` of these rows, from `first` on */
export function logitsOfRows(
  outputs: Readonly<Record<string, Tensor>>,
  logits: StageTensor,
  { first, count }: { first: number; count: number },
): Float32Array[] {
  return Array.from({ length: count }, (_, row) => logitsOfRow(outputs, logits, first + row));
}

/** @throws ComputeError if the run did not return `name` */
export function output(outputs: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = outputs[name];
  if (!tensor) throw new ComputeError(`The run returned no "${name}"`);
  return tensor;
}

/** Lays 8-bit weights out in the blocks that MatMulNBits and GatherBlockQuantized read, without changing a value. */
import type { OnnxTensor } from '../model.ts';

/** Reads a tensor's bytes: little-endian, row-major. */
export type ReadTensor = (tensor: OnnxTensor) => Promise<Uint8Array>;

/** An 8-bit tensor with its quantisation: value = (weight - zeroPoint) * scale. */
export interface QuantizedTensor {
  /** int8 or uint8, two axes. */
  weight: OnnxTensor;
  /** float32: one element, or one for every element of the last axis. */
  scale: OnnxTensor;
  /** Of the weight's type and the scale's shape; absent for zero. */
  zeroPoint?: OnnxTensor | undefined;
}

/** The zero point that both operators assume for 8 bits where none is given. */
const defaultZeroPoint = 128;

/** Side of the squares in which a matrix is transposed, so that reads and writes stay in the first-level cache. */
const tileSide = 64;

/** True where the functions here can lay the tensor out: 8 bits, two axes, a scale for all or for each column. */
export function isBlockwiseReady({ weight, scale, zeroPoint }: QuantizedTensor): boolean {
  const columns = weight.dims[1] ?? 0;
  if (weight.dims.length !== 2 || (weight.type !== 'int8' && weight.type !== 'uint8')) return false;
  if (scale.type !== 'float32' || (zeroPoint !== undefined && zeroPoint.type !== weight.type)) return false;
  return [scale, zeroPoint].every((tensor) => {
    const elements = tensor?.dims.reduce((product, length) => product * length, 1) ?? 1;
    return elements === 1 || elements === columns;
  });
}

/**
 * A matrix [inputs, outputs] as MatMulNBits takes it: uint8 weights [outputs, blocks, blockSize], padded with the zero
 * point, float32 scales [outputs, blocks] and, unless all are 128, uint8 zero points [outputs, blocks]. Bytes are
 * computed when they are asked for.
 * @param quantized an `isBlockwiseReady` tensor
 * @param blockSize a power of two, at least 16
 * @returns the operator's inputs after the activations, in order
 */
export async function matMulBlocks(
  quantized: QuantizedTensor,
  blockSize: number,
  readTensor: ReadTensor,
): Promise<OnnxTensor[]> {
  const { weight } = quantized;
  const [inputs = 0, outputs = 0] = weight.dims;
  const blocks = Math.ceil(inputs / blockSize);
  const { scales, zeroPoints } = await readQuantization(quantized, outputs, readTensor);
  const flip = weight.type === 'int8' ? 0x80 : 0;

  const compute = async (): Promise<Uint8Array> => {
    const source = await readTensor(weight);
    const target = new Uint8Array(outputs * blocks * blockSize);
    if (inputs < blocks * blockSize) {
      for (let output = 0; output < outputs; output += 1) {
        target.fill(zeroPoints[output] ?? 0, output * blocks * blockSize, (output + 1) * blocks * blockSize);
      }
    }
    transpose(source, inputs, outputs, target, blocks * blockSize, flip);
    return target;
  };
  const tensors: OnnxTensor[] = [
    computedTensor(`${weight.name}/blocks`, 'uint8', [outputs, blocks, blockSize], compute),
    repeatedFloats(`${weight.name}/scales`, scales, blocks),
  ];
  if (zeroPoints.some((zeroPoint) => zeroPoint !== defaultZeroPoint)) {
    const repeated = async () => repeatEach(zeroPoints, blocks);
    tensors.push(computedTensor(`${weight.name}/zero_points`, 'uint8', [outputs, blocks], repeated));
  }
  return tensors;
}

/**
 * A table [rows, columns] with one scale for all as GatherBlockQuantized takes it: the table in uint8, then the
 * float32 scales [rows, blocks] and, unless it is 128, the zero point [rows, blocks].
 * @param quantized an `isBlockwiseReady` tensor with a scale of one element
 * @param blockSize a power of two, at least 16, that divides the columns
 * @returns the table, the scales and, where needed, the zero points
 */
export async function tableBlocks(
  quantized: QuantizedTensor,
  blockSize: number,
  readTensor: ReadTensor,
): Promise<OnnxTensor[]> {
  const { weight } = quantized;
  const [rows = 0, columns = 0] = weight.dims;
  const blocks = columns / blockSize;
  const { scales, zeroPoints } = await readQuantization(quantized, 1, readTensor);
  const flipped = async () => (await readTensor(weight)).map((byte) => byte ^ 0x80);
  const tensors: OnnxTensor[] = [
    weight.type === 'uint8' ? weight : computedTensor(`${weight.name}/blocks`, 'uint8', weight.dims, flipped),
    { ...repeatedFloats(`${weight.name}/scales`, scales, rows * blocks), dims: [rows, blocks] },
  ];
  if (zeroPoints[0] !== defaultZeroPoint) {
    const repeated = async () => repeatEach(zeroPoints, rows * blocks);
    tensors.push(computedTensor(`${weight.name}/zero_points`, 'uint8', [rows, blocks], repeated));
  }
  return tensors;
}

/** Scales and zero points (of uint8 weights), one for each of `count` channels. */
async function readQuantization(
  { weight, scale, zeroPoint }: QuantizedTensor,
  count: number,
  readTensor: ReadTensor,
): Promise<{ scales: Float32Array; zeroPoints: Uint8Array }> {
  const flip = weight.type === 'int8' ? 0x80 : 0;
  const scaleBytes = await readTensor(scale);
  const given = new Float32Array(scaleBytes.slice().buffer);
  const givenZeroPoints = zeroPoint === undefined ? new Uint8Array(1) : await readTensor(zeroPoint);
  return {
    scales: Float32Array.from(
      { length: count },
      (_, channel) => given[given.length === 1 ? 0 : channel] ?? 0,
    ),
    zeroPoints: Uint8Array.from(
      { length: count },
      (_, channel) => (givenZeroPoints[givenZeroPoints.length === 1 ? 0 : channel] ?? 0) ^ flip,
    ),
  };
}

/** Writes source [rows, columns] as target [columns, stride], every byte flipped by `flip`. */
function transpose(
  source: Uint8Array,
  rows: number,
  columns: number,
  target: Uint8Array,
  stride: number,
  flip: number,
): void {
  for (let top = 0; top < rows; top += tileSide) {
    const bottom = Math.min(top + tileSide, rows);
    for (let left = 0; left < columns; left += tileSide) {
      const right = Math.min(left + tileSide, columns);
      for (let column = left; column < right; column += 1) {
        for (let row = top; row < bottom; row += 1) {
          target[column * stride + row] = (source[row * columns + column] ?? 0) ^ flip;
        }
      }
    }
  }
}

function repeatEach(values: Uint8Array, times: number): Uint8Array {
  const repeated = new Uint8Array(values.length * times);
  values.forEach((value, place) => repeated.fill(value, place * times, (place + 1) * times));
  return repeated;
}

/** float32 [values, times]. */
function repeatedFloats(name: string, values: Float32Array, times: number): OnnxTensor {
  return computedTensor(name, 'float32', [values.length, times], async () => {
    const repeated = new Float32Array(values.length * times);
    values.forEach((value, place) => repeated.fill(value, place * times, (place + 1) * times));
    return new Uint8Array(repeated.buffer);
  });
}

function computedTensor(
  name: string,
  type: 'uint8' | 'float32',
  dims: number[],
  compute: () => Promise<Uint8Array>,
): OnnxTensor {
  const length = dims.reduce((product, extent) => product * extent, type === 'float32' ? 4 : 1);
  return { name, type, dims, data: { kind: 'computed', length, compute } };
}

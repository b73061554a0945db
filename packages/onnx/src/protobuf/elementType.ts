/** ONNX's element type codes (TensorProto.DataType in onnx.proto) and their sizes. */
import type { ElementType } from '@potluck/protocol';
import { UnsupportedModelError } from '../errors.ts';

const typeByCode = new Map<number, ElementType>([
  [1, 'float32'],
  [2, 'uint8'],
  [3, 'int8'],
  [4, 'uint16'],
  [5, 'int16'],
  [6, 'int32'],
  [7, 'int64'],
  [9, 'bool'],
  [10, 'float16'],
  [11, 'float64'],
  [12, 'uint32'],
  [13, 'uint64'],
  [21, 'uint4'],
  [22, 'int4'],
]);

const codeByType = new Map([...typeByCode].map(([code, type]) => [type, code]));

const bitsByType: Record<ElementType, number> = {
  float32: 32,
  float16: 16,
  float64: 64,
  int64: 64,
  uint64: 64,
  int32: 32,
  uint32: 32,
  int16: 16,
  uint16: 16,
  int8: 8,
  uint8: 8,
  bool: 8,
  int4: 4,
  uint4: 4,
};

/** The element type of a code in a file, or undefined where we have no name for it (strings, bfloat16, …). */
export function elementTypeOfCode(code: number): ElementType | undefined {
  return typeByCode.get(code);
}

/** What people call the element types that we can't serve. */
const namesOfOthers = new Map([
  [8, 'strings'],
  [14, 'complex numbers'],
  [15, 'complex numbers'],
  [16, 'bfloat16'],
  ...[17, 18, 19, 20].map((code) => [code, 'float8'] as const),
  [23, 'float4'],
]);

/** The error for an element type that is not among ours. */
export function refusedElementType(code: number, subject: string): UnsupportedModelError {
  return new UnsupportedModelError(
    `numbers in ${namesOfOthers.get(code) ?? `a format that is not known (${code})`}`,
    subject,
    { instead: 'Take a variant in another precision, such as q4, q4f16 or fp16' },
  );
}

/** The code that a file uses for an element type. */
export function codeOfElementType(type: ElementType): number {
  const code = codeByType.get(type);
  if (code === undefined) throw new RangeError(`No ONNX code for element type ${type}`);
  return code;
}

/** Bits of one element; 4-bit elements are packed two to a byte. */
export function elementBits(type: ElementType): number {
  return bitsByType[type];
}

/** Bytes of a tensor of the given shape. Infinity where the product is beyond what a number holds exactly. */
export function tensorBytes(type: ElementType, dims: readonly number[]): number {
  const elements = dims.reduce((product, length) => product * length, 1);
  if (!Number.isSafeInteger(elements)) return Infinity;
  return Math.ceil((elements * bitsByType[type]) / 8);
}

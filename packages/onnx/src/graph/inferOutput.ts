/** Shapes of what common operators make, as far as they follow from the shapes of what they read. */
import type { Dimension, ElementType } from '@potluck/protocol';
import type { OnnxNode } from '../model.ts';
import { elementTypeOfCode } from '../protobuf/elementType.ts';
import { intAttribute, intsAttribute } from './nodes.ts';

type Length = Dimension | undefined;

/** A shape of which some lengths may be unknown. */
export interface PartialShape {
  type: ElementType;
  dims: Length[];
}

export interface InferenceContext {
  shapeOf: (value: string) => PartialShape | undefined;
  /** Values of an integer constant. */
  integersOf: (value: string) => bigint[] | undefined;
}

/** Operators whose first output has the type and shape of their first input. */
const sameAsFirst = new Set([
  'Identity',
  'Neg',
  'Sqrt',
  'Sigmoid',
  'Tanh',
  'Relu',
  'Gelu',
  'FastGelu',
  'QuickGelu',
  'Softmax',
  'LayerNormalization',
  'SimplifiedLayerNormalization',
  'RMSNormalization',
  'SkipSimplifiedLayerNormalization',
  'SkipLayerNormalization',
  'RotaryEmbedding',
]);

/** Operators that broadcast their inputs and keep their type. */
const broadcasting = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow']);

/** Output of the fused skip-and-norm operators that is the sum; those between are statistics. */
const skipSumOutput = 3;

/** The shape of one output of a node, or undefined where nothing is known. */
export function inferOutput(
  node: OnnxNode,
  output: number,
  context: InferenceContext,
): PartialShape | undefined {
  const input = (slot: number): PartialShape | undefined => {
    const name = node.inputs[slot];
    return name ? context.shapeOf(name) : undefined;
  };
  const integers = (slot: number): bigint[] | undefined => context.integersOf(node.inputs[slot] ?? '');
  const first = input(0);
  const second = input(1);
  if (sameAsFirst.has(node.opType)) {
    return output === 0 || (node.opType.startsWith('Skip') && output === skipSumOutput) ? first : undefined;
  }
  if (output !== 0) return undefined;
  if (broadcasting.has(node.opType)) return broadcast(first, second);
  if (!first) return undefined;
  switch (node.opType) {
    case 'Cast': {
      const type = elementTypeOfCode(intAttribute(node, 'to', 0));
      return type && { type, dims: first.dims };
    }
    case 'DequantizeLinear':
      return second && { type: second.type, dims: first.dims };
    case 'Transpose': {
      const order = intsAttribute(node, 'perm') ?? first.dims.map((_, axis) => first.dims.length - 1 - axis);
      return { type: first.type, dims: order.map((axis) => first.dims[axis]) };
    }
    case 'Gather':
      if (!second || intAttribute(node, 'axis', 0) !== 0) return undefined;
      return { type: first.type, dims: [...second.dims, ...first.dims.slice(1)] };
    case 'GatherBlockQuantized':
      return gatherQuantized(node, first, second, input(2));
    case 'MatMulNBits':
      return { type: first.type, dims: [...first.dims.slice(0, -1), intAttribute(node, 'N', 0)] };
    case 'MatMul':
      if (first.dims.length < 2 || !second || second.dims.length < 2) return undefined;
      return { type: first.type, dims: [...first.dims.slice(0, -1), second.dims.at(-1)] };
    case 'GroupQueryAttention':
      return attention(node, first, input(3));
    case 'Concat':
      return concatenate(
        node.inputs.map((_, slot) => input(slot)),
        intAttribute(node, 'axis', 0),
      );
    case 'Slice':
      return slice(first, { starts: integers(1), ends: integers(2), axes: integers(3) });
    case 'Reshape':
      return reshape(first, intAttribute(node, 'allowzero', 0) === 0 ? integers(1) : undefined);
  }
  return undefined;
}

/** A length other than 1 is the length of the result, whatever the other one is: both are equal, or the other is 1. */
function broadcast(
  left: PartialShape | undefined,
  right: PartialShape | undefined,
): PartialShape | undefined {
  // What is added to a residual stream has its shape, even where nothing else is known of it.
  if (!left || !right) return left ?? right;
  const rank = Math.max(left.dims.length, right.dims.length);
  const lengthAt = (shape: PartialShape, axis: number): Length => {
    const own = axis - (rank - shape.dims.length);
    return own < 0 ? 1 : shape.dims[own];
  };
  const dims = Array.from({ length: rank }, (_, axis) => {
    const one = lengthAt(left, axis);
    const other = lengthAt(right, axis);
    if (one === 1) return other;
    return one ?? (other === 1 ? undefined : other);
  });
  // The batch axis is one wherever an activation has it.
  if (rank >= 3 && dims[0] === undefined && [left, right].some((shape) => lengthAt(shape, 0) === 1))
    dims[0] = 1;
  return { type: left.type, dims };
}

function gatherQuantized(
  node: OnnxNode,
  table: PartialShape,
  indices: PartialShape | undefined,
  scales: PartialShape | undefined,
): PartialShape | undefined {
  const row = table.dims.at(-1);
  if (!indices || !scales || typeof row !== 'number' || table.dims.length !== 2) return undefined;
  const perByte = table.type === 'uint8' ? 8 / intAttribute(node, 'bits', 4) : 1;
  return { type: scales.type, dims: [...indices.dims, row * perByte] };
}

/** [batch, step, heads * head size]; queries may come packed with keys and values. */
function attention(node: OnnxNode, query: PartialShape, past: PartialShape | undefined): PartialShape {
  const headSize = past?.dims.at(-1);
  const heads = intAttribute(node, 'num_heads', 0);
  const width = typeof headSize === 'number' ? heads * headSize : undefined;
  return { type: query.type, dims: [...query.dims.slice(0, -1), node.inputs[1] ? query.dims.at(-1) : width] };
}

function concatenate(shapes: (PartialShape | undefined)[], axis: number): PartialShape | undefined {
  const [first] = shapes;
  if (!first) return undefined;
  const along = axis < 0 ? axis + first.dims.length : axis;
  const lengths = shapes.map((shape) => shape?.dims[along]);
  let sum: Length = undefined;
  if (lengths.every((length) => typeof length === 'number'))
    sum = lengths.reduce((total, length) => total + length, 0);
  else if (lengths.length === 2 && lengths.includes('past') && lengths.includes('step')) sum = 'total';
  const dims = first.dims.map((length, position) =>
    position === along
      ? sum
      : (length ?? shapes.find((shape) => shape?.dims[position] !== undefined)?.dims[position]),
  );
  return { type: first.type, dims };
}

function slice(
  input: PartialShape,
  { starts, ends, axes }: Record<'starts' | 'ends' | 'axes', bigint[] | undefined>,
): PartialShape | undefined {
  if (!axes) return undefined;
  const dims = [...input.dims];
  axes.forEach((axis, position) => {
    const along = Number(axis) < 0 ? Number(axis) + dims.length : Number(axis);
    const start = starts?.[position];
    const isLastRow = start === -1n && (ends?.[position] ?? 0n) > BigInt(Number.MAX_SAFE_INTEGER);
    dims[along] = isLastRow ? 1 : undefined;
  });
  return { type: input.type, dims };
}

/** Zero keeps the length of the same axis; -1 takes what is left. */
function reshape(input: PartialShape, lengths: bigint[] | undefined): PartialShape | undefined {
  if (!lengths) return undefined;
  const dims = lengths.map((length, axis) => {
    if (length === 0n) return input.dims[axis];
    return length > 0n ? Number(length) : undefined;
  });
  return { type: input.type, dims };
}

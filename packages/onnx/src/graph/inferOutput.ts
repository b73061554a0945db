/** Shapes of what common operators make, as far as they follow from the shapes of what they read. */
import type { OnnxNode } from '../model.ts';
import { elementTypeOfCode } from '../protobuf/elementType.ts';
import { subtractLengths, type Length } from './inferLengths.ts';
import {
  axisOf,
  flatten,
  numbersOf,
  reshape,
  slice,
  squeeze,
  unsqueeze,
  type PartialShape,
} from './reshapes.ts';
import { intAttribute, intsAttribute } from './nodes.ts';

export interface InferenceContext {
  shapeOf: (value: string) => PartialShape | undefined;
  /** The integers that a value holds: those of a constant, or what shape arithmetic comes to. */
  lengthsOf: (value: string) => readonly Length[] | undefined;
  /** True for weights and what is made of weights alone. */
  isConstant: (value: string) => boolean;
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
  'ScatterND',
  'ScatterElements',
  'CumSum',
  'Trilu',
  'Cos',
  'Sin',
  'Exp',
  'Erf',
  'Abs',
  'Reciprocal',
  'Clip',
  'Elu',
  'LeakyRelu',
  'HardSigmoid',
  'Softplus',
]);

/** Operators that broadcast their inputs and keep their type. */
const broadcasting = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max', 'Mod', 'BiasGelu']);

/** Operators that broadcast their inputs and tell yes or no. */
const comparing = new Set(['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'And', 'Or', 'Xor']);

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
  const lengths = (slot: number): readonly Length[] | undefined => context.lengthsOf(node.inputs[slot] ?? '');
  const first = input(0);
  const second = input(1);
  if (sameAsFirst.has(node.opType)) {
    return output === 0 || (node.opType.startsWith('Skip') && output === skipSumOutput) ? first : undefined;
  }
  if (output !== 0) return undefined;
  if (broadcasting.has(node.opType)) return broadcast(operand(node, 0, context), operand(node, 1, context));
  if (comparing.has(node.opType)) {
    const both = broadcast(operand(node, 0, context), operand(node, 1, context));
    return both && { type: 'bool', dims: both.dims };
  }
  if (node.opType === 'Where') {
    const chosen = broadcast(operand(node, 1, context), operand(node, 2, context));
    const shape = broadcast({ shape: chosen, isConstant: false }, operand(node, 0, context));
    return shape && chosen && { type: chosen.type, dims: shape.dims };
  }
  if (node.opType === 'ConstantOfShape') {
    const value = node.attributes.get('value');
    const dims = lengths(0);
    return dims && { type: value?.type === 'tensor' ? value.value.type : 'float32', dims: [...dims] };
  }
  if (!first) return undefined;
  switch (node.opType) {
    case 'Shape':
      return { type: 'int64', dims: [context.lengthsOf(node.outputs[0] ?? '')?.length] };
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
    case 'Not':
      return { type: 'bool', dims: first.dims };
    case 'Gather': {
      if (!second) return undefined;
      const axis = axisOf(intAttribute(node, 'axis', 0), first);
      return { type: first.type, dims: first.dims.toSpliced(axis, 1, ...second.dims) };
    }
    case 'Unsqueeze':
      return unsqueeze(first, intsAttribute(node, 'axes') ?? numbersOf(lengths(1)));
    case 'Flatten':
      return flatten(first, intAttribute(node, 'axis', 1));
    case 'Squeeze':
      return squeeze(first, intsAttribute(node, 'axes') ?? numbersOf(lengths(1)));
    case 'Range': {
      const [start] = lengths(0) ?? [];
      const [end] = lengths(1) ?? [];
      const [step] = lengths(2) ?? [];
      return { type: first.type, dims: [step === 1 ? subtractLengths(end, start) : undefined] };
    }
    case 'Expand': {
      const dims = lengths(1);
      const wanted = dims && { shape: { type: first.type, dims: [...dims] }, isConstant: false };
      return wanted && broadcast({ shape: first, isConstant: false }, wanted);
    }
    case 'ReduceMean':
    case 'ReduceSum':
    case 'ReduceMax': {
      const axes = intsAttribute(node, 'axes') ?? numbersOf(lengths(1));
      if (!axes || intAttribute(node, 'keepdims', 1) === 0) return undefined;
      const reduced = new Set(axes.map((axis) => axisOf(axis, first)));
      return { type: first.type, dims: first.dims.map((length, axis) => (reduced.has(axis) ? 1 : length)) };
    }
    case 'Gemm': {
      const rows = first.dims[intAttribute(node, 'transA', 0) === 0 ? 0 : 1];
      return (
        second && {
          type: first.type,
          dims: [rows, second.dims[intAttribute(node, 'transB', 0) === 0 ? 1 : 0]],
        }
      );
    }
    case 'GatherBlockQuantized':
      return gatherQuantized(node, first, second, input(2));
    case 'MatMulNBits':
    case 'MatMulBnb4':
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
      return slice(first, { starts: lengths(1), ends: lengths(2), axes: lengths(3) });
    case 'Reshape':
      return reshape(first, lengths(1), intAttribute(node, 'allowzero', 0) !== 0);
  }
  return undefined;
}

/** What one side of a broadcast is known to be. */
interface Operand {
  shape: PartialShape | undefined;
  isConstant: boolean;
}

function operand(node: OnnxNode, slot: number, context: InferenceContext): Operand {
  const name = node.inputs[slot] ?? '';
  return { shape: context.shapeOf(name), isConstant: context.isConstant(name) };
}

/** A length other than 1 is the length of the result, whatever the other one is: both are equal, or the other is 1. */
function broadcast(one: Operand, other: Operand): PartialShape | undefined {
  if (!one.shape || !other.shape) return shapeWithUnknown(one.shape ? one : other);
  const [left, right] = [one.shape, other.shape];
  const rank = Math.max(left.dims.length, right.dims.length);
  const lengthAt = (shape: PartialShape, axis: number): Length => {
    const own = axis - (rank - shape.dims.length);
    return own < 0 ? 1 : shape.dims[own];
  };
  const dims = Array.from({ length: rank }, (_, axis) => {
    const here = lengthAt(left, axis);
    const there = lengthAt(right, axis);
    if (here === 1) return there;
    return here ?? (there === 1 ? undefined : there);
  });
  // The batch axis is one wherever an activation has it.
  if (rank >= 3 && dims[0] === undefined && [left, right].some((shape) => lengthAt(shape, 0) === 1))
    dims[0] = 1;
  return { type: left.type, dims };
}

/**
 * The result where nothing is known of the other side: what is added to a residual stream has its shape. A weight says
 * nothing of the activation that it scales, and an axis of length 1 may be the other side's to fill (the first one is
 * the batch).
 */
function shapeWithUnknown({ shape, isConstant }: Operand): PartialShape | undefined {
  if (!shape || isConstant || shape.dims.length < 3) return undefined;
  return shape.dims.slice(1).includes(1) ? undefined : shape;
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

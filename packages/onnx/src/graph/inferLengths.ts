/**
 * What the integers of shape arithmetic are, as far as they follow from known shapes. Exporters write
 * `x.view(-1, x.shape[-1])` as a chain of Shape, Gather, Concat and Reshape; following the chain tells the shape.
 */
import type { Dimension } from '@potluck/protocol';
import type { OnnxNode } from '../model.ts';
import { intAttribute } from './nodes.ts';

/** A length of a step, a number (which may be negative here, as -1 for "what is left"), or unknown. */
export type Length = Dimension | undefined;

export interface LengthsContext {
  /** Lengths along the axes of a value. */
  dimsOf: (value: string) => readonly Length[] | undefined;
  /** The integers that a value holds, flattened. */
  lengthsOf: (value: string) => readonly Length[] | undefined;
}

/** Longest list of integers that is followed: shapes are short. */
const mostLengths = 64;

/** The integers in a node's first output, or undefined where it is no shape arithmetic that is followed. */
export function inferLengths(node: OnnxNode, context: LengthsContext): Length[] | undefined {
  const { dimsOf } = context;
  const lengths = (slot: number): readonly Length[] | undefined => {
    const name = node.inputs[slot];
    return name ? context.lengthsOf(name) : undefined;
  };
  switch (node.opType) {
    case 'Shape': {
      const dims = dimsOf(node.inputs[0] ?? '');
      return dims?.slice(intAttribute(node, 'start', 0), intAttribute(node, 'end', dims.length));
    }
    case 'Identity':
    case 'Cast':
    case 'Unsqueeze':
    case 'Squeeze':
    case 'Reshape':
      return copyOf(lengths(0));
    case 'Gather':
      return intAttribute(node, 'axis', 0) === 0 ? gather(lengths(0), lengths(1)) : undefined;
    case 'Slice':
      return slice(lengths(0), lengths(1), lengths(2), lengths(4));
    case 'Concat':
      return concatenate(node.inputs.map((name) => context.lengthsOf(name) ?? unknownOf(dimsOf(name))));
    case 'ConstantOfShape':
      return constantOfShape(node, lengths(0));
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
    case 'Equal':
      return elementwise(lengths(0), lengths(1), operations[node.opType]);
    case 'Where':
      return where(lengths(0), lengths(1), lengths(2));
  }
  return undefined;
}

const copyOf = (values: readonly Length[] | undefined): Length[] | undefined => values && [...values];

/** As many unknown integers as a value of these axes has. */
function unknownOf(dims: readonly Length[] | undefined): Length[] | undefined {
  if (!dims || dims.length > 1) return undefined;
  const [count = 1] = dims;
  return typeof count === 'number' && count <= mostLengths
    ? new Array<Length>(count).fill(undefined)
    : undefined;
}

function gather(
  values: readonly Length[] | undefined,
  places: readonly Length[] | undefined,
): Length[] | undefined {
  if (!values || !places) return undefined;
  return places.map((place) => (typeof place === 'number' ? values.at(place) : undefined));
}

function slice(
  values: readonly Length[] | undefined,
  starts: readonly Length[] | undefined,
  ends: readonly Length[] | undefined,
  steps: readonly Length[] | undefined,
): Length[] | undefined {
  const [start, end, step = 1] = [starts?.[0], ends?.[0], steps?.[0]];
  if (!values || typeof start !== 'number' || typeof end !== 'number' || step !== 1) return undefined;
  return values.slice(start, end);
}

function concatenate(parts: (readonly Length[] | undefined)[]): Length[] | undefined {
  const known = parts.filter((part) => part !== undefined);
  const all = known.flat();
  return known.length === parts.length && all.length <= mostLengths ? all : undefined;
}

function constantOfShape(node: OnnxNode, shape: readonly Length[] | undefined): Length[] | undefined {
  const [count] = shape ?? [];
  if (shape?.length !== 1 || typeof count !== 'number' || count < 0 || count > mostLengths) return undefined;
  const value = node.attributes.get('value');
  if (value === undefined) return new Array<Length>(count).fill(0);
  if (value.type !== 'tensor' || value.value.type !== 'int64' || value.value.data.kind !== 'inline') {
    return undefined;
  }
  const { bytes } = value.value.data;
  const fill = Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getBigInt64(0, true));
  return new Array<Length>(count).fill(fill);
}

type Operation = (left: Length, right: Length) => Length;

const isNumber = (length: Length): length is number => typeof length === 'number';

const operations: Record<'Add' | 'Sub' | 'Mul' | 'Div' | 'Equal', Operation> = {
  Add: (left, right) => {
    if (isNumber(left) && isNumber(right)) return left + right;
    if (left === 0 || right === 0) return left === 0 ? right : left;
    const isTotal = (left === 'past' && right === 'step') || (left === 'step' && right === 'past');
    return isTotal ? 'total' : undefined;
  },
  Sub: subtractLengths,
  Mul: (left, right) => {
    if (isNumber(left) && isNumber(right)) return left * right;
    if (left === 1 || right === 1) return left === 1 ? right : left;
    return left === 0 || right === 0 ? 0 : undefined;
  },
  Div: (left, right) => {
    if (right === 1) return left;
    return isNumber(left) && isNumber(right) && right !== 0 ? Math.trunc(left / right) : undefined;
  },
  Equal: (left, right) => {
    if (left === undefined || right === undefined) return undefined;
    if (isNumber(left) && isNumber(right)) return Number(left === right);
    if (left === right) return 1;
    // A length of a step is never negative, so it differs from the -1 that Expand's exporters ask for.
    const number = isNumber(left) ? left : right;
    return isNumber(number) && number < 0 ? 0 : undefined;
  },
};

/** Left minus right, where it is a number or a length of a step. */
export function subtractLengths(left: Length, right: Length): Length {
  if (isNumber(left) && isNumber(right)) return left - right;
  if (right === 0) return left;
  if (left !== 'total') return undefined;
  if (right === 'past') return 'step';
  return right === 'step' ? 'past' : undefined;
}

/** Applies an operation place by place; one integer goes with all of the other side. */
function elementwise(
  left: readonly Length[] | undefined,
  right: readonly Length[] | undefined,
  operation: Operation,
): Length[] | undefined {
  if (!left || !right) return undefined;
  const count = Math.max(left.length, right.length);
  const at = (side: readonly Length[], place: number): Length => (side.length === 1 ? side[0] : side[place]);
  return Array.from({ length: count }, (_, place) => operation(at(left, place), at(right, place)));
}

function where(
  condition: readonly Length[] | undefined,
  yes: readonly Length[] | undefined,
  no: readonly Length[] | undefined,
): Length[] | undefined {
  if (!condition || !yes || !no) return undefined;
  const count = Math.max(condition.length, yes.length, no.length);
  const at = (side: readonly Length[], place: number): Length => (side.length === 1 ? side[0] : side[place]);
  return Array.from({ length: count }, (_, place) => {
    const chosen = at(condition, place);
    if (!isNumber(chosen)) return at(yes, place) === at(no, place) ? at(yes, place) : undefined;
    return chosen === 0 ? at(no, place) : at(yes, place);
  });
}

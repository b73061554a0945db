/** What operators that only rearrange, cut or spread make of a shape. */
import type { ElementType } from '@potluck/protocol';
import type { Length } from './inferLengths.ts';

/** A shape of which some lengths may be unknown. */
export interface PartialShape {
  type: ElementType;
  dims: Length[];
}

/** The place of an axis that may be counted from the end. */
export function axisOf(axis: number, { dims }: PartialShape): number {
  return axis < 0 ? axis + dims.length : axis;
}

/** The lengths, where all are numbers. */
export function numbersOf(lengths: readonly Length[] | undefined): readonly number[] | undefined {
  return lengths?.every((length) => typeof length === 'number') ? lengths : undefined;
}

/** With an axis of one at each of these places of the result. */
export function unsqueeze(
  input: PartialShape,
  axes: readonly number[] | undefined,
): PartialShape | undefined {
  if (!axes) return undefined;
  const rank = input.dims.length + axes.length;
  const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  const rest = [...input.dims];
  return {
    type: input.type,
    dims: Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.shift())),
  };
}

/** Two axes: all before this one, and all from it on. */
export function flatten(input: PartialShape, axis: number): PartialShape {
  const place = axisOf(axis, input);
  const parts = [input.dims.slice(0, place), input.dims.slice(place)];
  return { type: input.type, dims: parts.map((dims) => whatIsLeft(dims, [])) };
}

/** Without these axes. */
export function squeeze(input: PartialShape, axes: readonly number[] | undefined): PartialShape | undefined {
  if (!axes) return undefined;
  const taken = new Set(axes.map((axis) => axisOf(axis, input)));
  return { type: input.type, dims: input.dims.filter((_, axis) => !taken.has(axis)) };
}

/** With what Slice leaves of each axis, as far as that is known. */
export function slice(
  input: PartialShape,
  { starts, ends, axes }: Record<'starts' | 'ends' | 'axes', readonly Length[] | undefined>,
): PartialShape | undefined {
  const numbers = numbersOf(axes);
  if (!numbers) return undefined;
  const dims = [...input.dims];
  numbers.forEach((axis, position) => {
    const along = axisOf(axis, input);
    const start = starts?.[position];
    const end = ends?.[position];
    dims[along] = sliceLength(start, end, dims[along]);
  });
  return { type: input.type, dims };
}

function sliceLength(start: Length, end: Length, whole: Length): Length {
  const isToTheEnd = typeof end === 'number' && end > 2 ** 31 - 2;
  if (start === -1 && isToTheEnd) return 1;
  if (start !== 0) return undefined;
  if (isToTheEnd) return whole;
  // The first so many of what is as long.
  return end === whole ? end : undefined;
}

/** Zero keeps the length of the same axis; -1 takes what is left. */
export function reshape(
  input: PartialShape,
  lengths: readonly Length[] | undefined,
  zeroIsZero: boolean,
): PartialShape | undefined {
  if (!lengths) return undefined;
  const dims = lengths.map((length, axis) => (length === 0 && !zeroIsZero ? input.dims[axis] : length));
  const open = dims.indexOf(-1);
  if (open >= 0) dims[open] = whatIsLeft(input.dims, dims.toSpliced(open, 1));
  return { type: input.type, dims };
}

/** The length that makes the products of both lists equal; undefined where that is no single length. */
function whatIsLeft(all: readonly Length[], taken: readonly Length[]): Length {
  const left = [...all];
  let ratio = 1;
  for (const length of taken) {
    if (length === undefined) return undefined;
    if (typeof length === 'number') ratio /= length;
    else {
      const place = left.indexOf(length);
      if (place < 0) return undefined;
      left.splice(place, 1);
    }
  }
  const symbols: Length[] = [];
  for (const length of left) {
    if (typeof length === 'number') ratio *= length;
    else symbols.push(length);
  }
  // Rounded: a third of 192 thirds is no integer in floating point.
  const rounded = Math.round(ratio);
  if (Math.abs(ratio - rounded) > 1e-6 || symbols.length > 1) return undefined;
  if (symbols.length === 0) return rounded;
  return rounded === 1 ? symbols[0] : undefined;
}

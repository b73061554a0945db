/** The shapes of a stage's tensors in one step. */
import type { Dimension } from '@potluck/protocol';

/** @returns `dims` with `past` rows before and `step` tokens in this step put in */
export function resolveDims(dims: readonly Dimension[], past: number, step: number): number[] {
  return dims.map((dim) => {
    if (dim === 'past') return past;
    if (dim === 'step') return step;
    if (dim === 'total') return past + step;
    return dim;
  });
}

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

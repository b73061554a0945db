/** Boundary tensors of several steps as those of one, and of one as those of each of its tokens. Pure. */
import { axisOfRows, layoutOfRows, rowOf, type FrameTensor, type StageTensor } from '@potluck/protocol';
import type { RetainedStep } from './retainedBoundaries.ts';

/**
 * @param steps one after the other
 * @param lengths of the steps that they become, in tokens
 * @param boundary what each carries, as the stage's description says
 * @returns undefined where the steps can't become these
 */
export function joinSteps(
  steps: readonly RetainedStep[],
  lengths: readonly number[],
  boundary: readonly StageTensor[],
): RetainedStep[] | undefined {
  const joined: RetainedStep[] = [];
  let next = 0;
  for (const wanted of lengths) {
    const parts: RetainedStep[] = [];
    let length = 0;
    for (let part = steps[next]; part && length < wanted; part = steps[++next]) {
      parts.push(part);
      length += part.length;
    }
    const [first] = parts;
    if (!first || length !== wanted) return undefined;
    const step = parts.length === 1 ? first : joinOne(parts, length, boundary);
    if (!step) return undefined;
    joined.push(step);
  }
  return next === steps.length ? joined : undefined;
}

/** @returns the step as steps of one token; as it is where its tensors have no row for each token */
export function partSteps(step: RetainedStep, boundary: readonly StageTensor[]): RetainedStep[] {
  const axes = boundary.map(axisOfRows);
  if (axes.includes(undefined)) return [step];
  return Array.from({ length: step.length }, (_, row) => ({
    position: step.position + row,
    length: 1,
    tensors: step.tensors.map((tensor, index) => rowOf(tensor, axes[index] as number, row)),
  }));
}

function joinOne(
  parts: readonly RetainedStep[],
  length: number,
  boundary: readonly StageTensor[],
): RetainedStep | undefined {
  const tensors: FrameTensor[] = [];
  for (const [index, described] of boundary.entries()) {
    const axis = axisOfRows(described);
    if (axis === undefined) return undefined;
    tensors.push(
      joinTensors(
        parts.map((part) => part.tensors[index] as FrameTensor),
        axis,
        length,
      ),
    );
  }
  return { position: parts[0]?.position ?? 0, length, tensors };
}

function joinTensors(parts: readonly FrameTensor[], axis: number, length: number): FrameTensor {
  const [first] = parts as [FrameTensor];
  const { outer, rowBytes } = layoutOfRows(first, axis);
  const bytes = new Uint8Array(outer * length * rowBytes);
  let offset = 0;
  for (let place = 0; place < outer; place++) {
    for (const part of parts) {
      const size = part.bytes.byteLength / outer;
      bytes.set(part.bytes.subarray(place * size, (place + 1) * size), offset);
      offset += size;
    }
  }
  return { ...first, dims: first.dims.with(axis, length), bytes };
}

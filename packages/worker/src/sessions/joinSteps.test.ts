import type { StageTensor } from '@potluck/protocol';
import { expect, it } from 'vitest';
import { joinSteps, partSteps } from './joinSteps.ts';
import type { RetainedStep } from './retainedBoundaries.ts';

/** Two rows of bytes for each token, as a tensor that has its tokens in the middle. */
const boundary: StageTensor[] = [{ name: 'row', type: 'uint8', dims: [2, 'step', 1] }];
const step = (position: number, length: number): RetainedStep => {
  const row = (first: number): number[] => Array.from({ length }, (_, place) => first + position + place);
  const bytes = Uint8Array.from([...row(0), ...row(100)]);
  return { position, length, tensors: [{ type: 'uint8', dims: [2, length, 1], bytes }] };
};

it('joins steps, and parts them into the same', () => {
  const parts = [step(3, 1), step(4, 1), step(5, 2), step(7, 1)];
  expect(joinSteps(parts, [4, 1], boundary)).toEqual([step(3, 4), step(7, 1)]);
  expect(joinSteps(parts, [1, 1, 2, 1], boundary)).toEqual(parts);
  expect(partSteps(step(3, 3), boundary)).toEqual([step(3, 1), step(4, 1), step(5, 1)]);
});

it('joins no steps that do not come out even, and none without a row for each token', () => {
  const parts = [step(0, 1), step(1, 2)];
  for (const lengths of [[2, 1], [1], [1, 2, 1], [4]])
    expect(joinSteps(parts, lengths, boundary)).toBe(undefined);
  const wide: StageTensor[] = [{ name: 'mask', type: 'uint8', dims: ['step', 'total', 1] }];
  expect(joinSteps(parts, [3], wide)).toBe(undefined);
  expect(partSteps(step(0, 2), wide)).toEqual([step(0, 2)]);
});

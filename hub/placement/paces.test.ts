import { expect, test } from 'vitest';
import { relativePaces } from './paces.ts';

test('equals differ by noise only, and who was not measured counts as the middle', () => {
  expect(relativePaces([undefined, undefined])).toEqual([1, 1]);
  expect(relativePaces([1, 1.9, 0.6, undefined])).toEqual([1, 1, 1, 1]);
  expect(relativePaces([4, 4, 16, 1, undefined])).toEqual([1, 1, 4, 0.25, 1]);
  expect(relativePaces([0, 0])).toEqual([1, 1]);
});

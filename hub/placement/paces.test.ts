import { expect, test } from 'vitest';
import { withoutNoise } from './paces.ts';

test('equals differ by noise only', () => {
  expect(withoutNoise([])).toEqual([]);
  expect(withoutNoise([10, 19, 6])).toEqual([10, 10, 10]);
  expect(withoutNoise([4, 4, 16, 1])).toEqual([4, 4, 16, 1]);
  expect(withoutNoise([0, 0])).toEqual([1, 1]);
});

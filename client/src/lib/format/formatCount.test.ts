import { expect, test } from 'vitest';
import { formatCount } from './formatCount.ts';

test('a model of any size has a number that people can compare', () => {
  const counts = [0, 4_200, 384_000, 1_040_000, 25_800_000, 999_600_000, 1_711_000_000, 70_600_000_000];
  expect(counts.map(formatCount)).toEqual(['0', '4,200', '0.4 M', '1.0 M', '26 M', '1.0 B', '1.7 B', '71 B']);
});

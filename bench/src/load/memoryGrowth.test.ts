import { expect, test } from 'vitest';
import { growthOf, type MemoryAt } from './memoryGrowth.ts';

const samples = (size: (minutes: number) => number): MemoryAt[] =>
  Array.from({ length: 50 }, (_, index) => {
    const minutes = index / 5;
    return { minutes, residentBytes: size(minutes) * 1e6, heapBytes: 0 };
  });

test('growth is that after the beginning, whatever comes and goes', () => {
  expect(
    growthOf(
      samples(() => 100),
      'residentBytes',
    ),
  ).toBeCloseTo(0);
  expect(
    growthOf(
      samples((minutes) => 100 + 3 * minutes),
      'residentBytes',
    ),
  ).toBeCloseTo(3);
  expect(
    growthOf(
      samples((minutes) => (minutes < 1 ? 0 : 100)),
      'residentBytes',
    ),
  ).toBeCloseTo(0);
  const saw = samples((minutes) => 100 + 20 * ((minutes * 2) % 1));
  expect(Math.abs(growthOf(saw, 'residentBytes'))).toBeLessThan(1);
});

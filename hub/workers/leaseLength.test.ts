import { expect, test } from 'vitest';
import { leaseLength } from './leaseLength.ts';

test.each([
  [0, 15_000],
  [250, 15_000],
  [251, 30_000],
  [1000, 60_000],
  [100_000, 60_000],
])('of %i workers each may be silent for %i ms', (workers, milliseconds) => {
  expect(leaseLength(15_000, workers)).toBe(milliseconds);
});

test('however many workers up to a thousand are here, their signs of life come no more often than those of 250', () => {
  for (let workers = 1; workers <= 1000; workers++)
    expect(workers / leaseLength(1, workers)).toBeLessThanOrEqual(250);
});

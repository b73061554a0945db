import { expect, test } from 'vitest';
import { formatDay } from './formatDay.ts';

test('days are named as people name them', () => {
  const now = new Date(2026, 4, 20, 12).getTime();
  const hours = (count: number): number => now - count * 3_600_000;
  expect(formatDay(hours(1), now)).toBe('Today');
  expect(formatDay(hours(13), now)).toBe('Yesterday');
  expect(formatDay(hours(60), now)).toBe('Last 7 days');
  expect(formatDay(new Date(2025, 0, 5).getTime(), now)).toContain('2025');
});

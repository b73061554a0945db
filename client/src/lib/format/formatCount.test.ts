import { expect, test } from 'vitest';
import { formatCount } from './formatCount.ts';

test('a model of any size has a number that people can compare', () => {
  const counts = [0, 4_200, 384_000, 1_040_000, 25_800_000, 999_600_000, 1_711_000_000, 70_600_000_000];
  expect(counts.map((count) => formatCount(count))).toEqual([
    '0',
    '4,200',
    '0.4 M',
    '1.0 M',
    '26 M',
    '1.0 B',
    '1.7 B',
    '71 B',
  ]);
});

test('the units are those of the language', () => {
  const counts = [4_200, 25_800_000, 1_711_000_000];
  expect(counts.map((count) => formatCount(count, 'de'))).toEqual(['4,200', '26 Mio.', '1.7 Mrd.']);
  expect(counts.map((count) => formatCount(count, 'zh'))).toEqual(['4,200', '2,580 万', '17 亿']);
});

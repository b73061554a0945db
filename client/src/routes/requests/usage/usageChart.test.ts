import type { Usage, UsageGroup } from '@potluck/api';
import { expect, test } from 'vitest';
import { gridOf, linesOf, shownGroups, tokenBars } from './usageChart.ts';

const groups = Array.from(
  { length: 9 },
  (_, index) =>
    ({ id: `m${index}`, name: `m${index}`, promptTokens: 9 - index, completionTokens: 0 }) as UsageGroup,
);
const shown = shownGroups(groups, ({ name }) => name);

test('bars are stacked, and groups without a colour are one part at the top', () => {
  expect(shown).toHaveLength(7);
  const series = [{ at: 5, tokens: { m0: 3, m7: 1, m8: 1, m1: 2 } }] as unknown as Usage['series'];
  expect(tokenBars({ series }, shown)).toEqual([
    {
      at: 5,
      total: 7,
      parts: [
        { id: 'm0', from: 0, to: 3 },
        { id: 'm1', from: 3, to: 5 },
        { id: 'others', from: 5, to: 7 },
      ],
    },
  ]);
});

test('the grid ends at a round number', () => {
  expect([0, 0.7, 3, 41, 999, 1000].map((largest) => gridOf(largest).top)).toEqual([1, 1, 4, 50, 1000, 1000]);
});

test('a line has a gap where nothing was measured', () => {
  expect(linesOf([1, undefined, 2, 3])).toEqual([
    [{ x: 0, y: 1 }],
    [
      { x: 2, y: 2 },
      { x: 3, y: 3 },
    ],
  ]);
});

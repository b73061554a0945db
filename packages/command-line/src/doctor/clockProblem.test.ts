import { expect, test } from 'vitest';
import { clockProblem } from './clockProblem.ts';

test('clocks agree where the hub answered between question and answer, however long that took', () => {
  expect(clockProblem({ askedAt: 1000, answeredAt: 200_000, hubAt: 100_000 })).toBeUndefined();
  expect(clockProblem({ askedAt: 1_000_000, answeredAt: 1_000_010, hubAt: 1_020_000 })).toBeUndefined();
});

test('a hub that is ahead, and one that is behind, are told apart', () => {
  const asked = { askedAt: 1_000_000, answeredAt: 1_000_010 };
  expect(clockProblem({ ...asked, hubAt: 1_060_010 })).toContain('60 s ahead of');
  expect(clockProblem({ ...asked, hubAt: 940_000 })).toContain('60 s behind');
});

import { expect, test } from 'vitest';
import { doubtOf } from './doubtOf.ts';

test('only what is doubtful is marked', () => {
  expect([1, 0.8, 0.5, 0.39].map(doubtOf)).toEqual(['none', 'none', 'some', 'much']);
});

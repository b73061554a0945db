import { expect, test } from 'vitest';
import { withChoice } from './tokensShown.ts';

test('the choice is for one conversation, and the oldest of very many is forgotten', () => {
  expect(withChoice(['a'], 'b', true)).toEqual(['a', 'b']);
  expect(withChoice(['a', 'b'], 'a', true)).toEqual(['b', 'a']);
  expect(withChoice(['a', 'b'], 'a', false)).toEqual(['b']);
  const many = Array.from({ length: 200 }, (_, index) => String(index));
  expect(withChoice(many, 'new', true)).toEqual([...many.slice(1), 'new']);
});

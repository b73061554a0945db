import { expect, test } from 'vitest';
import { withAsked } from './askedPrompts.ts';

test('what was asked is remembered until it is begun, and only so many of them', () => {
  expect(withAsked(['a', 'b'], 'a', true)).toEqual(['b', 'a']);
  expect(withAsked(['a', 'b'], 'a', false)).toEqual(['b']);
  const many = Array.from({ length: 30 }, (_, index) => `${index}`);
  expect(withAsked(many, 'new', true).slice(-2)).toEqual(['29', 'new']);
  expect(withAsked(many, 'new', true)).toHaveLength(20);
});

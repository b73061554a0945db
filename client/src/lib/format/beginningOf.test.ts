import { expect, test } from 'vitest';
import { beginningOf } from './beginningOf.ts';

test('a text is cut between its characters', () => {
  expect(beginningOf('soup', 4)).toBe('soup');
  expect(beginningOf('soup and bread', 6)).toBe('soup a');
  const family = '👨‍👩‍👧‍👦';
  expect(beginningOf(`ab${family}c`, 2 + family.length)).toBe(`ab${family}`);
  for (let most = 2; most < 2 + family.length; most += 1)
    expect(beginningOf(`ab${family}c`, most)).toBe('ab');
  expect(beginningOf('e\u0301e\u0301', 3)).toBe('e\u0301');
});

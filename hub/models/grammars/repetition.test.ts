/** Counts within one another multiply; those beside one another don't. */
import { expect, test } from 'vitest';
import { nestedRepeats, repeatsTooMuch } from './repetition.ts';

test.each([
  ['^(a{1,1000}){1,1000}b$', 1_000_000],
  ['a{1,1000}b{1,1000}', 1],
  ['(x(a{5}|b{7}){2,}y){3}', 42],
  ['([{9}(]{2}\\{3}\\({4}){5}', 20],
  ['(?:a+b*)?', 1],
])('%s', (pattern, product) => {
  expect(nestedRepeats(pattern)).toBe(product);
});

test('the pattern that repeats too much is named', () => {
  const deep = { items: [{ pattern: 'a{9}' }, { pattern: '(a{200}){200}' }] };
  expect(repeatsTooMuch({ properties: { pattern: deep } })).toEqual([
    'properties',
    'pattern',
    'items',
    1,
    'pattern',
  ]);
  expect(repeatsTooMuch({ enum: ['(a{200}){200}'], pattern: 'a{200}' })).toBe(undefined);
});

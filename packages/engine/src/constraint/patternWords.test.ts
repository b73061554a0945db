/** Guesses are what their patterns match. */
import { expect, test } from 'vitest';
import { patternWords, shortestMatch } from './patternWords.ts';

test.each([
  '^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$',
  '(foo|ba)r{3}',
  '^(?:\\d{1,3}\\.){3}\\d{1,3}$',
  '^[\\w.+-]+@[A-Za-z]+\\.(com|org)$',
  '^\\/api\\/[^/]+$',
  '^[\\]x]\\u0041\\x42?[^\\x20-\\x7e]$',
])('%s', (pattern) => {
  expect(shortestMatch(pattern)).toMatch(new RegExp(pattern));
});

test.each(['(?=a)b', '(a', '[a', 'a{99999}'])('%s is not understood', (pattern) => {
  expect(shortestMatch(pattern)).toBe(undefined);
});

test('patterns are found in schemas, also in those within grammars', () => {
  const json = '{"type":"string","pattern":"^\\"[a-z]\\\\.$"}';
  expect(patternWords({ kind: 'json-schema', text: json })).toEqual(['\\"a.']);
  expect(patternWords({ kind: 'lark', text: `start: a /b+\\/c/\na: %json ${json}` })).toEqual([
    '\\"a.',
    'b/c',
  ]);
});

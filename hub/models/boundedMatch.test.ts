import { expect, test } from 'vitest';
import { boundedMatch, compilePattern } from './boundedMatch.ts';

test('Python’s names of groups are read, and a dot is any sign', () => {
  const pattern = compilePattern(String.raw`<(?P<name>\w+)>(.*)</(?P=name)>`);
  expect(boundedMatch(pattern, 'x<ä>\n</ä>')?.groups).toEqual(undefined);
  expect(boundedMatch(pattern, 'x<a>\n</a>')).toMatchObject({ index: 1, groups: { name: 'a' } });
});

test('an escape that means nothing is allowed', () => {
  expect(boundedMatch(compilePattern(String.raw`\<a\>`), '<a>')?.[0]).toBe('<a>');
});

test('a search that would take for ever ends without an answer, and others go on', () => {
  expect(boundedMatch(compilePattern('(a+)+$'), `${'a'.repeat(40)}!`)).toBeUndefined();
  expect(boundedMatch(compilePattern('b'), 'abc')?.index).toBe(1);
  expect(boundedMatch(compilePattern('d'), 'abc')).toBeNull();
});

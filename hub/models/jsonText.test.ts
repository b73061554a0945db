import { expect, test } from 'vitest';
import { standardJson } from './jsonText.ts';

test('a byte order mark and the numbers that only Python writes are understood', () => {
  const text = '\uFEFF{"a": Infinity, "b": [-Infinity, NaN], "c": "NaN, \\"Infinity", "d": 1}';
  expect(JSON.parse(standardJson(text))).toEqual({
    a: Infinity,
    b: [-Infinity, null],
    c: 'NaN, "Infinity',
    d: 1,
  });
});

test('what is no JSON stays none', () => {
  for (const text of ['', '{', 'NaNny', '{"a": Infinityy}'])
    expect(() => void JSON.parse(standardJson(text)), text).toThrow(SyntaxError);
});

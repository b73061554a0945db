import { expect, test } from 'vitest';
import { slowest } from './timings.ts';

test('the slowest files and tests come first, as many as are wanted', () => {
  const files = [
    { file: 'a.test.ts', milliseconds: 1500, tests: [{ title: 'one', milliseconds: 1200 }] },
    {
      ...{ file: 'b.test.ts', milliseconds: 12_345 },
      tests: [
        { title: 'two', milliseconds: 5000 },
        { title: 'three', milliseconds: 300 },
      ],
    },
    { file: 'c.test.ts', milliseconds: 20, tests: [] },
  ];
  expect(slowest(files, 2)).toBe(
    [
      'The slowest files, seconds:',
      '   12.3  b.test.ts',
      '    1.5  a.test.ts',
      'The slowest tests, seconds:',
      '    5.0  b.test.ts: two',
      '    1.2  a.test.ts: one',
    ].join('\n'),
  );
});

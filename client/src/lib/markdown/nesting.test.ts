import { expect, test } from 'vitest';
import { deepestNesting, mostNesting } from './nesting.ts';

test('quotes and lists are counted, on one line and by their indent', () => {
  expect(mostNesting('Words, 2 > 1, and - a dash.')).toBe(0);
  expect(mostNesting('> one\n>> two\n> > > three')).toBe(3);
  expect(mostNesting('- a\n  - b\n    1. c')).toBe(3);
  expect(mostNesting('> - a quote with a list')).toBe(2);
});

test('what people write is far from the limit, and what no browser can show is over it', () => {
  const stairs = (count: number): string =>
    Array.from({ length: count }, (_, index) => `${'  '.repeat(index)}- a`).join('\n');
  expect(mostNesting(stairs(12))).toBeLessThan(deepestNesting);
  expect(mostNesting(stairs(100))).toBeGreaterThan(deepestNesting);
  for (const mark of ['> ', '>', '- ', '1. ']) {
    expect(mostNesting(`${mark.repeat(2500)}words`), mark).toBeGreaterThan(deepestNesting);
  }
});

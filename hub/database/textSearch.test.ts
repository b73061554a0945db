import { expect, test } from 'vitest';
import { matchesIn, placeOf } from './textSearch.ts';

test('each letter is found in all its cases, in any script, and signs stand for themselves', () => {
  expect(placeOf('Viel Ärger', 'ärGER')).toBe(5);
  expect(placeOf('О ДОМЕ', 'доме')).toBe(2);
  expect(placeOf('İ in İzmir, ΚΌΣΜΟΣ', 'κόσμος')).toBe(12);
  expect(placeOf('κόσμος', 'ΣΜΟΣ')).toBe(2);
  expect(placeOf('5 µm', 'Μ')).toBe(2);
  expect(placeOf('Straße', 'ß')).toBe(4);
  // An a and a combining diaeresis.
  expect(placeOf('Ä', 'a\u0308')).toBe(0);
  expect(placeOf('1+1 (two)', '1 (')).toBe(2);
  expect(placeOf('10%_*?[x]', '%_*?[X]')).toBe(2);
  expect(placeOf('nothing', 'else')).toBeUndefined();
  for (const pattern of ['*', '?', '[a-z]', '%', '_']) expect(placeOf('abc', pattern)).toBeUndefined();
});

test('every letter is as long in one case as in another, so that places are right', () => {
  for (let from = 0; from < 0x11_0000; from += 256) {
    const letters = String.fromCodePoint(...Array.from({ length: 256 }, (_, index) => from + index));
    expect(placeOf(`${letters}x!`, 'x!')).toBe(letters.length);
  }
});

test('a row matches by the first of its texts that has it, with an excerpt', () => {
  const step = matchesIn(
    [
      [7, null, 'nothing', `${'a'.repeat(500)}Pea soup${'b'.repeat(500)}`],
      [8, 'leek'],
    ],
    'pea',
  );
  expect(step.matches).toEqual([{ rowid: 7, excerpt: expect.stringMatching(/^…a+Pea soupb+…$/) as string }]);
  expect(step.characters).toBe(7 + 1008 + 4);
});

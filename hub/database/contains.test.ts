import { expect, test } from 'vitest';
import { globOf, placeOf } from './contains.ts';

test('each letter is looked for in all its cases, in any script, and signs of patterns stand for themselves', () => {
  expect(globOf('Ärg')).toBe('*[Ää][rR][gG]*');
  expect(globOf('10%_*?[x]')).toBe('*10%_[*][?][[][xX][]]*');
  expect(globOf('ж')).toBe('*[жЖ]*');
  expect(globOf('ς')).toBe('*[ςΣσ]*');
  expect(globOf('ß')).toBe('*ß*');
  // An a and a combining diaeresis.
  expect(globOf('a\u0308')).toBe('*[äÄ]*');
});

test('the place of what was found is found the same way', () => {
  expect(placeOf('Viel Ärger', 'ärGER')).toBe(5);
  expect(placeOf('О ДОМЕ', 'доме')).toBe(2);
  expect(placeOf('1+1 (two)', '1 (')).toBe(2);
  expect(placeOf('nothing', 'else')).toBeUndefined();
});

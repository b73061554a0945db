import { expect, test } from 'vitest';
import { choicesBeside, wordOf } from './tokenWords.ts';

test('choices that nobody would make are left out, and words stand without the spaces around them', () => {
  const others = [
    { text: ' cap', probability: 0.2 },
    { text: 'rain', probability: 0.0004 },
  ];
  expect(choicesBeside({ others })).toEqual(others.slice(0, 1));
  expect([' cap', 'rain', ' ', '\n'].map(wordOf)).toEqual(['cap', 'rain', '␣', '↵']);
});

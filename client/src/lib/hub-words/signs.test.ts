import { expect, test } from 'vitest';
import { inLanguage } from '#lib/language/inLanguage.ts';

test.each([
  ['de', 'direct, round trip 3,9 ms', 'a is paused; b is paused'],
  ['zh', 'direct, round trip 3.9 ms', 'a is paused；b is paused'],
] as const)(
  'numbers of the hub have the signs of the language, and Chinese lists Chinese marks: %s',
  async (language, number, list) => {
    const { translated } = await inLanguage(language, () => import('./translated.ts'));
    expect(translated('direct, round trip 3.9 ms')).toBe(number);
    expect(translated('a is paused; b is paused')).toBe(list);
  },
);

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

test('why a model moves is known to its last part, what is to be loaded and when it pays', async () => {
  const { translated } = await inLanguage('zh', () => import('./translated.ts'));
  const moves = (load: string): string =>
    `it is moving to other devices (it is faster elsewhere: a token would take 30 ms instead of 100 ms${load})`;
  for (const load of [
    'the move has to load 100 MB first and pays off after 158 tokens',
    'nothing has to be loaded for the move, and it pays off after 7 tokens',
  ])
    expect(translated(moves(`; ${load}`))).toBe(moves(`；${load}`));
});

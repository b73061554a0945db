import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => vi.unstubAllGlobals());

test('numbers of the hub have the signs of the language, and Chinese lists Chinese marks', async () => {
  for (const [language, number, list] of [
    ['de', 'direct, round trip 3,9 ms', 'a is paused; b is paused'],
    ['zh', 'direct, round trip 3.9 ms', 'a is paused；b is paused'],
  ]) {
    vi.resetModules();
    vi.stubGlobal('navigator', { languages: [language] });
    const { translated } = await import('./translated.ts');
    expect(translated('direct, round trip 3.9 ms')).toBe(number);
    expect(translated('a is paused; b is paused')).toBe(list);
  }
});

import { expect, test } from 'vitest';
import { languageOf } from './language.ts';

test('the first language that the app speaks is taken', () => {
  expect(languageOf(['fr-FR', 'de-AT', 'en'])).toBe('de');
  expect(languageOf(['zh-Hans-CN'])).toBe('zh');
  expect(languageOf(['fr'])).toBe('en');
  expect(languageOf([])).toBe('en');
});

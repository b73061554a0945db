import { expect, test } from 'vitest';
import { languageOf, localeOf } from './language.ts';

test('the first language that the app speaks is taken', () => {
  expect(languageOf(['fr-FR', 'de-AT', 'en'])).toBe('de');
  expect(languageOf(['zh-Hans-CN'])).toBe('zh');
  expect(languageOf(['fr'])).toBe('en');
  expect(languageOf([])).toBe('en');
});

test('numbers and dates are written as the browser writes that language', () => {
  expect(localeOf('de', ['en-US', 'de-AT', 'de'])).toBe('de-AT');
  expect(localeOf('zh', ['en-US', 'de'])).toBe('zh');
  expect(localeOf('en', ['en-US@posix', 'en-GB'])).toBe('en-GB');
});

import { expect, test } from 'vitest';
import { whyNoPage } from './whyNoPage.ts';

test('a part that did not come is told from a fault of the app', () => {
  // Chromium, Firefox, Safari, Vite.
  for (const message of [
    'Failed to fetch dynamically imported module: http://hub/_app/x.js',
    'error loading dynamically imported module: http://hub/_app/x.js',
    'Importing a module script failed.',
    'Unable to preload CSS for /_app/x.css',
  ])
    expect(whyNoPage(message)).toBe('part-missing');
  expect(whyNoPage("Cannot read properties of undefined (reading 'name')")).toBe('app-failed');
});

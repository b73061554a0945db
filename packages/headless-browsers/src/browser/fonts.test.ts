import { expect, test } from 'vitest';
import { hasFonts } from './fonts.ts';

const on = (files: Record<string, string[]>, environment: NodeJS.ProcessEnv = {}) =>
  hasFonts(environment, 'linux', (folder) => files[folder] ?? []);

test('a machine without a font is told from one that has some', () => {
  expect(on({})).toBe(false);
  expect(on({ '/usr/share/fonts': ['truetype', 'truetype/README'] })).toBe(false);
  expect(on({ '/usr/share/fonts': ['truetype', 'truetype/dejavu/DejaVuSans.ttf'] })).toBe(true);
  expect(on({}, { FONTCONFIG_PATH: '/tmp/fonts' })).toBe(true);
  expect(hasFonts({}, 'darwin', () => [])).toBe(true);
});

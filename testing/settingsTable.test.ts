import { readFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { settingsPage } from './settingsTable.ts';

test('docs/settings.md is what npm run docs makes', async () => {
  const file = new URL('../docs/settings.md', import.meta.url);
  const made = await format(settingsPage(), { ...(await resolveConfig(file)), parser: 'markdown' });
  expect(await readFile(file, 'utf8')).toBe(made);
});

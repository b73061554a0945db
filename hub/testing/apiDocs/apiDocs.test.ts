import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { operations } from '../../http/description/operations.ts';
import { withTable } from './parameterTable.ts';

const documentation = await readFile(new URL('../../../docs/api.md', import.meta.url), 'utf8');

test('the table of parameters is what the code does; `npm run docs` writes it', async () => {
  expect(await withTable(documentation)).toBe(documentation);
});

test('every operation is named', () => {
  for (const { method, path } of operations) {
    expect(documentation).toContain(`${method.toUpperCase()} /v1${path.replace('{id}', 'ID')}`);
  }
});

import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { defaultMaxTokens } from '../../generation/answerRoom.ts';
import { operations } from '../../http/description/operations.ts';
import { defaultMaxTokens as completionTokens } from '../../http/openai/completionBody.ts';
import { withTable } from './parameterTable.ts';

const documentation = await readFile(new URL('../../../docs/api.md', import.meta.url), 'utf8');

test('the table of parameters is what the code does; `npm run docs` writes it', async () => {
  expect(await withTable(documentation)).toBe(documentation);
});

test('how long an answer is that asks for no length', () => {
  expect(documentation).toContain(`at most ${defaultMaxTokens.toLocaleString('en')} tokens`);
  expect(documentation).toContain(`at \`/v1/completions\` it gets ${completionTokens},`);
});

test('every operation is named', () => {
  for (const { method, path } of operations) {
    expect(documentation).toContain(`${method.toUpperCase()} /v1${path.replace('{id}', 'ID')}`);
  }
});

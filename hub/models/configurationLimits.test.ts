import { expect, test } from 'vitest';
import { refuseLargeConfiguration } from './configurationLimits.ts';
import { ModelError } from './modelError.ts';

const stopTokens = (count: number): string => JSON.stringify({ eos_token_id: Array(count).fill(1) });

test.each([
  ['a hundred thousand stop tokens', stopTokens(100_000)],
  ['a million stop tokens', stopTokens(1_000_000)],
  ['nested arrays', '['.repeat(1000) + ']'.repeat(1000)],
  ['a text of two megabytes', JSON.stringify({ model_type: 'x'.repeat(2e6) })],
])('a configuration with %s is refused', (_, text) => {
  for (const name of ['config.json', 'generation_config.json']) {
    expect(() => refuseLargeConfiguration(name, text)).toThrow(ModelError);
  }
});

test('a configuration with many stop tokens passes, and so does a tokenizer of any size', () => {
  expect(() => refuseLargeConfiguration('config.json', stopTokens(1000))).not.toThrow();
  expect(() => refuseLargeConfiguration('tokenizer.json', stopTokens(1_000_000))).not.toThrow();
});

import { expect, test } from 'vitest';
import { likelyTokens } from './likelyTokens.ts';

const half = Math.log(0.5);

test('a token has its probability, and what could have stood in its place', () => {
  const [token] = likelyTokens([
    {
      token: 'soup',
      logprob: half,
      bytes: [...new TextEncoder().encode('soup')],
      top_logprobs: [
        { token: 'soup', logprob: half },
        { token: 'stew', logprob: Math.log(0.25) },
      ],
    },
  ]);
  expect(token).toMatchObject({ text: 'soup', others: [{ text: 'stew' }] });
  expect(token?.probability).toBeCloseTo(0.5);
  expect(token?.others[0]?.probability).toBeCloseTo(0.25);
});

test('parts of one character are one, and less likely together', () => {
  const parts = [...new TextEncoder().encode('é')].map((byte) => ({
    token: '\ufffd',
    logprob: half,
    bytes: [byte],
  }));
  const [token, ...more] = likelyTokens(parts);
  expect(more).toEqual([]);
  expect(token?.text).toBe('é');
  expect(token?.probability).toBeCloseTo(0.25);
});

import { SamplingDescription } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { sampleToken } from './sampleToken.ts';

const sampling = SamplingDescription.parse({
  seed: 1,
  temperature: 0,
  topLogprobs: 3,
  heldBack: { until: 7, tokens: [1, 99] },
});
const logits = (): Float32Array => Float32Array.of(0, 9, 3, 1);

test('the likeliest token does not come before its position, greedy or drawn', () => {
  expect(sampleToken(logits(), sampling, undefined, 6).token).toBe(2);
  const drawn = { ...sampling, temperature: 1 };
  for (let seed = 0; seed < 50; seed++) {
    expect(sampleToken(logits(), { ...drawn, seed }, undefined, 6).token).not.toBe(1);
  }
});

test('from its position on it comes, and the log probabilities before are finite', () => {
  expect(sampleToken(logits(), sampling, undefined, 7).token).toBe(1);
  const { topLogprobs = [] } = sampleToken(logits(), sampling, undefined, 6);
  expect(topLogprobs.map(({ token }) => token)).toEqual([2, 3, 0]);
  expect(topLogprobs.every(({ logprob }) => Number.isFinite(logprob))).toBe(true);
});

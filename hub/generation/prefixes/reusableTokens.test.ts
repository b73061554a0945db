import { prefillChunks, stepsOf } from '@potluck/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reusableTokens } from './reusableTokens.ts';

const lengths = fc.record({
  common: fc.nat(900),
  promptLength: fc.integer({ min: 1, max: 900 }),
  cachedPromptLength: fc.integer({ min: 1, max: 900 }),
  chunkTokens: fc.integer({ min: 2, max: 300 }),
});

test('the step that draws is left, and no more is taken than both have', () => {
  fc.assert(
    fc.property(lengths, fc.constantFrom('chunks' as const, 'steps' as const), (tokens, replay) => {
      const reused = reusableTokens({ ...tokens, replay });
      expect(reused).toBeGreaterThanOrEqual(0);
      expect(reused).toBeLessThanOrEqual(Math.min(tokens.common, tokens.promptLength - 1));
    }),
  );
});

test('where kernels round by the steps, the tokens ran in the steps that they would have now', () => {
  fc.assert(
    fc.property(lengths, (tokens) => {
      const { promptLength, cachedPromptLength, chunkTokens } = tokens;
      const reused = reusableTokens({ ...tokens, replay: 'steps' });
      const now = stepsOf({ promptLength, chunkTokens }, 0, reused);
      expect(stepsOf({ promptLength: cachedPromptLength, chunkTokens }, 0, reused)).toEqual(now);
      // With the rest, they are the steps of the whole prompt.
      const rest = stepsOf({ promptLength, chunkTokens, cachedTokens: reused }, reused, promptLength);
      expect([...now, ...rest]).toEqual(prefillChunks(promptLength, chunkTokens));
    }),
  );
});

test('a conversation that goes on takes its whole chunks, and all but the last token where any steps do', () => {
  const tokens = { common: 900, promptLength: 950, cachedPromptLength: 880, chunkTokens: 256 };
  expect(reusableTokens({ ...tokens, replay: 'steps' })).toBe(768);
  expect(reusableTokens({ ...tokens, replay: 'chunks' })).toBe(900);
  expect(reusableTokens({ ...tokens, common: 2000, replay: 'chunks' })).toBe(949);
  // The last chunk but one of 257 tokens is no whole one.
  expect(reusableTokens({ ...tokens, cachedPromptLength: 257, replay: 'steps' })).toBe(0);
});

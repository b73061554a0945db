import { expect, test } from 'vitest';
import { besidePrediction } from './besidePrediction.ts';

const predicted = { tokensPerSecond: 14.2, firstTokenMs: 90 };

test('both numbers stand beside each other, with how far off they are', () => {
  expect(besidePrediction(predicted, { tokensPerSecond: 13.8, firstTokenMs: 120 })).toEqual([
    'predicted 14.2, measured 13.8 tokens/s (3 % off)',
    'first token predicted after 90 ms, measured 120 ms (25 % off)',
  ]);
});

test('what is far off is so many times too high or too low', () => {
  const [speed, first] = besidePrediction(
    { tokensPerSecond: 171, firstTokenMs: 90 },
    { tokensPerSecond: 36.7, firstTokenMs: 234 },
  );
  expect(speed).toContain('(4.7 times too high)');
  expect(first).toContain('(2.6 times too low)');
});

test('what was not measured is not said', () => {
  expect(besidePrediction(predicted, { tokensPerSecond: null, firstTokenMs: null })).toEqual([]);
  expect(besidePrediction(predicted, { tokensPerSecond: null, firstTokenMs: 45 })).toHaveLength(1);
});

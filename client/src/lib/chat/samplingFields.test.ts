import { expect, test } from 'vitest';
import { samplingFields, samplingProblem } from './samplingFields.ts';

const field = (key: string): (typeof samplingFields)[number] => {
  const found = samplingFields.find((one) => one.key === key);
  if (!found) throw new Error(`no field ${key}`);
  return found;
};

test('every number in the range can be used, not only those that the arrow keys reach', () => {
  expect(samplingProblem(0.75, field('temperature'))).toBeUndefined();
  expect(samplingProblem(0.92, field('top_p'))).toBeUndefined();
  expect(samplingProblem(0.02, field('min_p'))).toBeUndefined();
  expect(samplingProblem(1.12, field('repetition_penalty'))).toBeUndefined();
  expect(samplingProblem(0, field('temperature'))).toBeUndefined();
});

test('the range is named where a number can not be used', () => {
  expect(samplingProblem(99, field('temperature'))).toBe('Not used: enter a number from 0 to 2.');
  expect(samplingProblem(-3, field('max_tokens'))).toBe(
    'Not used: enter a whole number from 1 to 1,000,000.',
  );
  expect(samplingProblem(1.5, field('seed'))).toContain('whole number');
  expect(samplingProblem(Number.NaN, field('top_k'))).toContain('whole number');
});

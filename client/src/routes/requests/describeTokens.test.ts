import { expect, test } from 'vitest';
import { describeTokens } from './describeTokens.ts';

test('what was read and written is named, unless the hub stopped before it kept the number', () => {
  const counts = { promptTokens: 1039, completionTokens: 12 };
  expect(describeTokens({ ...counts, status: 'done' })).toBe('1,039 tokens read, 12 written');
  expect(describeTokens({ ...counts, status: 'interrupted' })).toBe('1,039 tokens read, 12 written');
  expect(describeTokens({ ...counts, completionTokens: 0, status: 'failed' })).toBe(
    '1,039 tokens read, 0 written',
  );
  expect(describeTokens({ ...counts, completionTokens: 0, status: 'interrupted' })).toBe('1,039 tokens read');
});

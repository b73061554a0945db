import { expect, test } from 'vitest';
import { retryAfterMs } from './retryAfter.ts';

test('a server may say how long to wait in seconds or as a date', () => {
  const now = Date.parse('2026-11-27T12:00:00Z');
  expect(retryAfterMs('120', now)).toBe(120_000);
  expect(retryAfterMs('Fri, 27 Nov 2026 12:00:30 GMT', now)).toBe(30_000);
  expect(retryAfterMs('Fri, 27 Nov 2026 11:00:00 GMT', now)).toBe(0);
  for (const nothing of [null, '', 'soon', '-5']) expect(retryAfterMs(nothing, now)).toBeUndefined();
});

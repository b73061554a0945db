import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { whileProgress } from './whileProgress.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what makes progress is waited for, and what stands still ends', async () => {
  let last = 0;
  let ended = false;
  const waiting = whileProgress(
    new Promise<never>(() => undefined),
    () => 1000,
    () => last,
    () => new Error('still'),
  );
  waiting.catch(() => (ended = true));
  for (let count = 0; count < 20; count++) {
    await vi.advanceTimersByTimeAsync(900);
    last = performance.now();
  }
  expect(ended).toBe(false);
  await vi.advanceTimersByTimeAsync(999);
  expect(ended).toBe(false);
  await vi.advanceTimersByTimeAsync(2);
  await expect(waiting).rejects.toThrow('still');
});

test('progress from before does not count, and what comes is returned', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const waiting = whileProgress(
    promise,
    () => 1000,
    () => -Infinity,
    () => new Error('still'),
  );
  await vi.advanceTimersByTimeAsync(500);
  resolve('here');
  expect(await waiting).toBe('here');
  expect(vi.getTimerCount()).toBe(0);
});

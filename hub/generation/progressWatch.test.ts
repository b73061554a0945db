import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ProgressWatch } from './progressWatch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new Promise<never>(() => undefined);
const onStill = (): Error => new Error('still');

test('many waits share one timer, and each has its whole time', async () => {
  const watch = new ProgressWatch({ stillMs: () => 1000, lastProgress: () => -Infinity });
  for (let count = 0; count < 5; count++) {
    const { promise, resolve } = Promise.withResolvers<number>();
    const waiting = watch.wait(promise, onStill);
    await vi.advanceTimersByTimeAsync(900);
    expect(vi.getTimerCount()).toBe(1);
    resolve(count);
    expect(await waiting).toBe(count);
  }
  let ended = false;
  const waiting = watch.wait(never, onStill);
  waiting.catch(() => (ended = true));
  await vi.advanceTimersByTimeAsync(999);
  expect(ended).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await expect(waiting).rejects.toThrow('still');
});

test('a time that got shorter counts from the next wait on', async () => {
  let stillMs = 10_000;
  const watch = new ProgressWatch({ stillMs: () => stillMs, lastProgress: () => -Infinity });
  expect(await watch.wait(Promise.resolve('first'), onStill)).toBe('first');
  stillMs = 1000;
  const waiting = watch.wait(never, onStill);
  waiting.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(1000);
  await expect(waiting).rejects.toThrow('still');
});

test('once it is stopped no timer is left, and with nobody who waits it looks once and no more', async () => {
  const watch = new ProgressWatch({ stillMs: () => 1000, lastProgress: () => -Infinity });
  await watch.wait(Promise.resolve(), onStill);
  await vi.advanceTimersByTimeAsync(1000);
  expect(vi.getTimerCount()).toBe(0);
  await watch.wait(Promise.resolve(), onStill);
  watch.stop();
  expect(vi.getTimerCount()).toBe(0);
});

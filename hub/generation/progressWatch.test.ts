import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ProgressWatch } from './progressWatch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What is still for longer than this is told. */
let stillMs = 1000;
const onStill = vi.fn();
beforeEach(() => {
  stillMs = 1000;
  onStill.mockClear();
});
const newWatch = (): ProgressWatch =>
  new ProgressWatch({ stillMs: () => stillMs, lastProgress: () => -Infinity, onStill });

test('many waits share one timer, and each has its whole time', () => {
  const watch = newWatch();
  for (let count = 0; count < 5; count++) {
    watch.begin();
    vi.advanceTimersByTime(900);
    expect(vi.getTimerCount()).toBe(1);
    watch.rest();
  }
  watch.begin();
  vi.advanceTimersByTime(999);
  expect(onStill).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(onStill).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(10_000);
  expect(onStill).toHaveBeenCalledOnce();
});

test('a time that got shorter counts from the next wait on', () => {
  stillMs = 10_000;
  const watch = newWatch();
  watch.begin();
  watch.rest();
  stillMs = 1000;
  watch.begin();
  vi.advanceTimersByTime(1000);
  expect(onStill).toHaveBeenCalledOnce();
});

test('once it is stopped no timer is left, and with nobody who waits it looks once and no more', () => {
  const watch = newWatch();
  watch.begin();
  watch.rest();
  vi.advanceTimersByTime(1000);
  expect(vi.getTimerCount()).toBe(0);
  watch.begin();
  watch.stop();
  expect(vi.getTimerCount()).toBe(0);
  expect(onStill).not.toHaveBeenCalled();
});

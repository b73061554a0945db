import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TypingPause } from './typingPause.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what is typed is looked for once, after a pause or when the person is done', () => {
  const look = vi.fn();
  const pause = new TypingPause(look);
  for (let keys = 0; keys < 5; keys += 1) {
    pause.typed();
    vi.advanceTimersByTime(100);
  }
  expect(look).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1000);
  expect(look).toHaveBeenCalledTimes(1);

  pause.typed();
  pause.end();
  vi.advanceTimersByTime(1000);
  expect(look).toHaveBeenCalledTimes(2);

  pause.typed();
  pause.stop();
  vi.advanceTimersByTime(1000);
  expect(look).toHaveBeenCalledTimes(2);
});

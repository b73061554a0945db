import { expect, test } from 'vitest';
import { pauseIsOver, pauseStart } from './pauseStarts.ts';

test('a pause begins when it was first known of, or when the hub says that it began, and ends with the next word', () => {
  expect(pauseStart('a', 0, 1000)).toBe(1000);
  // The hub was started again, and knows nothing of it yet; then it does.
  expect(pauseStart('a', 0, 5000)).toBe(1000);
  expect(pauseStart('a', 5500, 6000)).toBe(500);
  expect(pauseStart('a', 100, 7000)).toBe(500);
  expect(pauseStart('b', 100, 7000)).toBe(6900);
  pauseIsOver('a');
  expect(pauseStart('a', 10, 8000)).toBe(7990);
});

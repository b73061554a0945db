import { expect, test } from 'vitest';
import { PauseStarts } from './pauseStarts.ts';

test('a pause begins when it was first known of, or when the hub says that it began, and ends with the next word', () => {
  const pauses = new PauseStarts(() => {
    throw new Error('Storage is forbidden.');
  });
  expect(pauses.startOf('a', 0, 1000)).toBe(1000);
  // The hub was started again, and knows nothing of it yet; then it does.
  expect(pauses.startOf('a', 0, 5000)).toBe(1000);
  expect(pauses.startOf('a', 5500, 6000)).toBe(500);
  expect(pauses.startOf('a', 100, 7000)).toBe(500);
  expect(pauses.startOf('b', 100, 7000)).toBe(6900);
  pauses.isOver('a');
  expect(pauses.startOf('a', 10, 8000)).toBe(7990);
});

test('a pause goes on over a reload, and what is kept is bounded', () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  const before = new PauseStarts(() => storage);
  for (let index = 0; index < 60; index += 1) before.startOf(`request ${index}`, 0, index);
  before.isOver('request 59');
  const after = new PauseStarts(() => storage);
  expect(after.startOf('request 58', 0, 9000)).toBe(58);
  expect(after.startOf('request 59', 0, 9000)).toBe(9000);
  expect(after.startOf('request 0', 0, 9000)).toBe(9000);
  for (const key of kept.keys()) kept.set(key, 'broken');
  expect(new PauseStarts(() => storage).startOf('request 58', 0, 9000)).toBe(9000);
});

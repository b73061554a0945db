import { expect, test } from 'vitest';
import { lossCounter } from './lossCounter.ts';

test('losses count while they follow each other; one after a long time is the first again', () => {
  let minutes = 100;
  const losses = lossCounter(() => minutes * 60_000);
  expect(losses.add()).toBe(1);
  minutes += 9;
  expect(losses.add()).toBe(2);
  minutes += 9;
  expect(losses.add()).toBe(3);
  minutes += 11;
  expect(losses.add()).toBe(1);
  losses.reset();
  expect(losses.add()).toBe(1);
});

import { expect, test } from 'vitest';
import { StateClock } from './stateClock.ts';

test('a state is as old as the first look at it, and a thing that came back is new', () => {
  const time = { now: 1 };
  const clock = new StateClock(() => time.now);
  expect(clock.since('a', 'standby')).toBe(1);
  time.now = 5;
  expect([clock.since('a', 'standby'), clock.since('b', 'standby')]).toEqual([1, 5]);
  expect(clock.since('a', 'serving')).toBe(5);
  time.now = 9;
  clock.forget('a');
  expect(clock.since('a', 'serving')).toBe(9);
});

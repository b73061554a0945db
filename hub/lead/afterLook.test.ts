import { expect, test } from 'vitest';
import { afterLook } from './afterLook.ts';
import { elapsed, holds } from './leaseClock.ts';

const running = { epoch: 3, isOver: false };
const over = { epoch: 3, isOver: true };

test('whoever has the lease leads, and whoever lost it does not', () => {
  expect(afterLook({ isHeld: true }, over)).toBe('confirmed');
  expect(afterLook({ isHeld: false }, running)).toEqual({ lost: 'another hub leads now' });
});

test('without Redis, the database says whether another hub took over', () => {
  expect(afterLook({ isHeld: undefined, highestEpoch: 3 }, over)).toBe('confirmed');
  expect(afterLook({ isHeld: undefined, highestEpoch: 4 }, running)).toMatchObject({
    lost: expect.stringContaining('the database says') as string,
  });
});

test('without both, a hub leads to the end of its lease', () => {
  expect(afterLook({ isHeld: undefined }, running)).toBe('unknown');
  expect(afterLook({ isHeld: undefined }, over)).toEqual({
    lost: 'neither Redis nor the database answers, so another hub may lead',
  });
  // That hub has not asked the database.
  expect(afterLook({ isHeld: undefined, isStarting: true }, over)).toEqual({
    lost: 'Redis did not answer in time, so another hub may lead',
  });
});

test('a lease runs out by either clock: one stands still while the machine sleeps, the other may be set back', () => {
  const then = { steady: 100, wall: 5000 };
  expect(elapsed(then, { steady: 150, wall: 9000 })).toBe(4000);
  expect(holds(then, { steady: 150, wall: 9000 }, 3000)).toBe(false);
  expect(holds(then, { steady: 3200, wall: 1000 }, 3000)).toBe(false);
  expect(holds(then, { steady: 1100, wall: 6000 }, 3000)).toBe(true);
});

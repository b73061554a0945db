import { describe, expect, it } from 'vitest';
import { neededRows, slotCapacity, whoShares } from './planSlots.ts';

const cache = (rows: number, capacity: number) => ({ rows, capacity });

describe('slots', () => {
  it('have room for the longest cache, a row behind it and what comes next', () => {
    const caches = [cache(10, 500), cache(99, 500)];
    expect(neededRows(caches)).toBe(100);
    expect(slotCapacity(caches, Infinity)).toBe(164);
    expect(slotCapacity([cache(10, 2000), cache(999, 2000)], Infinity)).toBe(1250);
  });

  it('are no longer than the cache that may become the longest', () => {
    expect(slotCapacity([cache(10, 40), cache(20, 40)], Infinity)).toBe(40);
  });

  it('take together no more than their caches have reserved, and no more than a buffer may have', () => {
    expect(slotCapacity([cache(10, 40), cache(20, 100)], Infinity)).toBe(70);
    expect(slotCapacity([cache(10, 20), cache(60, 100)], Infinity)).toBeUndefined();
    expect(slotCapacity([cache(10, 500), cache(20, 500)], 120)).toBe(60);
    expect(slotCapacity([cache(10, 500), cache(60, 500)], 120)).toBeUndefined();
  });

  it('are none for a lone cache', () => {
    expect(slotCapacity([cache(10, 40)], Infinity)).toBeUndefined();
    expect(whoShares([cache(10, 40)], Infinity)).toEqual([]);
  });

  it('go to all but the longest, as far as there is room', () => {
    const caches = [cache(900, 1000), cache(10, 60), cache(20, 60), cache(30, 60)];
    expect(whoShares(caches, Infinity)).toEqual(caches.slice(1));
    expect(whoShares(caches.slice(1), Infinity)).toEqual(caches.slice(1));
    expect(whoShares([cache(50, 60), cache(900, 1000)], Infinity)).toEqual([]);
  });
});

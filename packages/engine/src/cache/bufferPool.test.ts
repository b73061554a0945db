import { expect, test } from 'vitest';
import { arrayBufferPool } from './bufferPool.ts';

test('buffers that are much larger than what is asked for are not given: their surplus counts for nobody', () => {
  const pool = arrayBufferPool(1000);
  for (const buffer of Array.from({ length: 10 }, () => pool.take(100))) pool.give(buffer);
  const taken = Array.from({ length: 20 }, () => pool.take(50));
  expect(taken).toHaveLength(20);
  expect(pool.takenBytes).toBe(1000);
  expect(pool.freeBytes).toBe(0);
});

test('a buffer of nearly the size asked for is used again', () => {
  const pool = arrayBufferPool(1000);
  const buffer = pool.take(105);
  pool.give(buffer);
  expect(pool.take(100)).toBe(buffer);
});

test('no more is kept than was in use at once, whatever lengths come', () => {
  const pool = arrayBufferPool(1000);
  for (let length = 10; length < 100; length += 10) {
    const taken = [pool.take(length), pool.take(length)];
    for (const buffer of taken) pool.give(buffer);
    expect(pool.freeBytes).toBeLessThanOrEqual(2 * length);
  }
});

test('a pool that may hold less lets go of what is free, and one that may hold more keeps it', () => {
  const pool = arrayBufferPool(1000);
  for (const buffer of Array.from({ length: 10 }, () => pool.take(100))) pool.give(buffer);
  pool.resize(300);
  expect(pool.freeBytes).toBe(300);
  pool.resize(500);
  for (const buffer of Array.from({ length: 10 }, () => pool.take(100))) pool.give(buffer);
  expect(pool.freeBytes).toBe(500);
});

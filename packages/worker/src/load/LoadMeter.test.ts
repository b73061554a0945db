import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LoadMeter } from './LoadMeter.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('says how busy it is while there is work, and once that it rests', () => {
  const told: number[] = [];
  const meter = new LoadMeter((busy) => told.push(busy), Date.now);
  for (let i = 0; i < 4; i++) {
    vi.advanceTimersByTime(500);
    meter.add(125);
  }
  vi.advanceTimersByTime(10_000);
  expect(told).toHaveLength(2);
  expect(told[0]).toBeCloseTo(0.25, 1);
  expect(told[1]).toBe(0);
});

test('a step that took longer than what is looked at counts as all of it', () => {
  const told: number[] = [];
  const meter = new LoadMeter((busy) => told.push(busy), Date.now);
  meter.add(100);
  vi.advanceTimersByTime(1_900);
  meter.add(9_000);
  vi.advanceTimersByTime(500);
  expect(told).toEqual([1]);
  meter.stop();
  meter.add(9_000);
  vi.advanceTimersByTime(10_000);
  expect(told).toEqual([1]);
});

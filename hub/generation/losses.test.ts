import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { noRecovery } from './attempt.ts';
import { GenerationError } from './generationError.ts';
import { Losses } from './losses.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const lost = (...workers: string[]): GenerationError =>
  new GenerationError('worker_lost', 'gone', { workers });

test('a pause lasts from the last token before the loss to the next one, and names each device once', () => {
  const arrivedAt = performance.now();
  const losses = new Losses(arrivedAt);
  expect(losses.wentOn()).toBe(false);
  vi.advanceTimersByTime(100);
  losses.failed(lost('one'), arrivedAt + 40);
  losses.failed(lost('one', 'two'), arrivedAt + 40);
  losses.replaced(['two', 'three'], true);
  losses.recomputed(7);
  expect(losses.standsStillFor).toEqual(['one', 'two', 'three']);
  vi.advanceTimersByTime(100);
  expect(losses.wentOn()).toBe(true);
  expect(losses.standsStillFor).toBeUndefined();
  expect(losses.pauses).toEqual([{ fromMs: 40, toMs: 200, lost: ['one', 'two', 'three'] }]);
  expect(losses.recovery).toEqual({
    replays: 1,
    recomputedTokens: 7,
    pauseMs: 160,
    lost: ['two', 'three'],
  });
});

test('all devices that are lost before the answer goes on are named, whoever was missed first', () => {
  const losses = new Losses(performance.now());
  // Both leave in one turn, and the error knows of the first.
  losses.left('two');
  expect(losses.standsStillFor).toBeUndefined();
  losses.failed(lost('one'), undefined);
  losses.left('three');
  expect(new Set(losses.standsStillFor)).toEqual(new Set(['one', 'two', 'three']));
});

test('what fails over and over without a token between is too much', () => {
  const losses = new Losses(performance.now());
  for (let time = 0; time < 11; time++) losses.failed(lost('one'), undefined);
  expect(losses.isTooMuch).toBe(false);
  losses.failed(lost('one'), undefined);
  expect(losses.isTooMuch).toBe(true);
  losses.wentOn();
  expect(losses.isTooMuch).toBe(false);
});

test('an answer of a former run of the hub stands still since that run was last known to go on', () => {
  const losses = new Losses(performance.now() - 5000, {
    recovery: { ...noRecovery, pauseMs: 10, lost: ['one', 'the hub'] },
    pauses: [{ fromMs: 500, toMs: 510, lost: ['one'] }],
    at: Date.now() - 3000,
  });
  expect(losses.standsStillFor).toEqual(['the hub']);
  expect(losses.standsStillMs).toBe(3000);
  losses.wentOn();
  expect(losses.standsStillMs).toBe(0);
  expect(losses.pauses).toEqual([
    { fromMs: 500, toMs: 510, lost: ['one'] },
    { fromMs: 2000, toMs: 5000, lost: ['the hub'] },
  ]);
  expect(losses.recovery.pauseMs).toBe(3010);
});

test('while an answer stands still, what is said of it has the pause until now', () => {
  const arrivedAt = performance.now();
  const losses = new Losses(arrivedAt);
  expect(losses.soFar).toEqual({ recovery: noRecovery, pauses: [] });
  vi.advanceTimersByTime(100);
  losses.failed(lost('one'), arrivedAt + 40);
  vi.advanceTimersByTime(50);
  expect(losses.pauses).toEqual([]);
  expect(losses.soFar).toEqual({
    recovery: { ...noRecovery, pauseMs: 110, lost: ['one'] },
    pauses: [{ fromMs: 40, toMs: 150, lost: ['one'] }],
  });
  losses.replaced(['one'], true);
  losses.wentOn();
  expect(losses.soFar).toEqual({ recovery: losses.recovery, pauses: losses.pauses });
});

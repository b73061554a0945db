import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { watchLoop, type LoopDelay } from './loopDelay.ts';

let delay: LoopDelay;
afterEach(() => delay.stop());

test('a block of the event loop is seen, whatever came before it', async () => {
  delay = watchLoop();
  await setTimeout(50);
  const before = process.threadCpuUsage();
  let used = { user: 0, system: 0 };
  while (used.user + used.system < 150_000) used = process.threadCpuUsage(before);
  const { p99, max, longestTurn } = delay.now();
  expect(max).toBeGreaterThan(100);
  expect(p99).toBeLessThanOrEqual(max);
  expect(longestTurn).toBeGreaterThan(140);
});

test('a thread that waits has used no processor time', async () => {
  delay = watchLoop();
  await setTimeout(50);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  const { max, longestTurn } = delay.now();
  expect(max).toBeGreaterThan(200);
  expect(longestTurn).toBeLessThan(150);
});

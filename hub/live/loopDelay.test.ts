import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { watchLoop, type LoopDelay } from './loopDelay.ts';

let delay: LoopDelay;
afterEach(() => delay.stop());

test('a block of the event loop is seen, whatever came before it', async () => {
  delay = watchLoop();
  await setTimeout(50);
  const end = performance.now() + 150;
  while (performance.now() < end);
  const { p99, max } = delay.now();
  expect(max).toBeGreaterThan(100);
  expect(p99).toBeLessThanOrEqual(max);
});

/** A thousand workers at once, beside somebody whose answer goes on. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LoopDelays } from '../live/loopDelay.ts';
import { startBystander, type Bystander } from '../testing/bystander.ts';
import { startFlock, type Flock } from '../testing/flock.ts';
import { measureLoop } from '../testing/measureLoop.ts';
import { startTestHub, type TestHub } from '../testing/testHub.ts';

const count = 1000;
/**
 * Nobody's answer is to stand still for more than 50 ms. In processor time, since machines that test do other things; code that
 * runs for the first time beside other programs was seen to take 45 ms, later 19.
 */
const mostMs = 100;

let hub: TestHub;
let bystander: Bystander;
let flock: Flock;
beforeAll(async () => {
  hub = await startTestHub({
    model: { contextLength: 1_000_000 },
    databaseThreads: true,
    // These workers say nothing once they are here, and on a busy machine the last ones come many seconds after the first.
    leaseMs: 300_000,
  });
  bystander = await startBystander(hub);
  flock = await startFlock(hub);
});
afterAll(async () => {
  await flock.close();
  await hub.close();
});

async function measure(what: string, run: () => Promise<void>): Promise<LoopDelays> {
  const delays = await measureLoop(run);
  const { p99, max, longestTurn } = delays;
  console.log(
    `${what}: longest turn ${longestTurn.toFixed()} ms of processor time, ` +
      `delay of the event loop ${p99.toFixed()} ms at p99, ${max.toFixed()} ms at most`,
  );
  return delays;
}

test('workers that join, and leave, a thousand at once, hold nobody up', async () => {
  const joining = await measure(`${count} workers join`, () => flock.join(count));
  expect(hub.registry.table.size).toBe(count + 1);
  expect(joining.longestTurn).toBeLessThan(mostMs);
  const leaving = await measure(`${count} workers leave`, () => flock.go('leave'));
  expect(leaving.longestTurn).toBeLessThan(mostMs);
  await flock.join(count);
  const dying = await measure(`${count} workers die`, () => flock.go('die'));
  // What the runtime does for each connection that ends is one turn.
  expect(dying.longestTurn).toBeLessThan(2 * mostMs);
  const { expected, received } = await bystander.finish();
  expect(received).toBe(expected);
  expect(hub.registry.table.size).toBe(1);
});

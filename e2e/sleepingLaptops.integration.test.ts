/** Devices that lose the hub, a peer, or both in one moment come back by themselves. At length: sleepingLaptops.full.test.ts. */
import { expect, test } from 'vitest';
import { startRestlessGrid } from './support/restlessGrid.ts';

test('workers come back after a sleep, and after a crash of the hub and a peer, direct and relayed', async () => {
  await using grid = await startRestlessGrid({ tab: false }, 'direct');
  grid.beginAnswer();
  await grid.sleep(['bob'], 20);
  expect(await grid.back()).toBeLessThan(30_000);
  grid.beginAnswer();
  await grid.crash(['bob'], 'relayed');
  expect(await grid.back()).toBeLessThan(30_000);
  grid.beginAnswer();
  await grid.crash([], 'relayed');
  expect(await grid.back()).toBeLessThan(30_000);
});

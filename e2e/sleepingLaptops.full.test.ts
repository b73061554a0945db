/** The whole matrix: two workers and a tab, direct and relayed, asleep and awake again, with the hub and without. */
import { beforeAll, describe, expect, test } from 'vitest';
import { startRestlessGrid, type RestlessGrid } from './support/restlessGrid.ts';

const devices = ['ada', 'bob', 'tab-1'];

describe.each(['direct', 'relayed'] as const)('two workers and a tab, %s', (way) => {
  let grid: RestlessGrid;
  beforeAll(async () => {
    grid = await startRestlessGrid({ tab: true }, way);
    return () => grid[Symbol.asyncDispose]();
  });

  const disturbances: [string, () => Promise<void>][] = [
    ...[20, 60].flatMap((seconds): [string, () => Promise<void>][] => [
      [`a worker sleeps for ${seconds} s`, () => grid.sleep(['bob'], seconds)],
      [`a tab sleeps for ${seconds} s`, () => grid.sleep(['tab-1'], seconds)],
      [`all sleep for ${seconds} s`, () => grid.sleep(devices, seconds)],
    ]),
    ['the hub is killed', () => grid.crash([], way)],
    ['the hub and a worker are killed', () => grid.crash(['bob'], way)],
    ['the hub and a tab are killed', () => grid.crash(['tab-1'], way)],
    [
      'all sleep while the hub is killed',
      async () => {
        const asleep = grid.sleep(devices, 20);
        await grid.crash([], way);
        await asleep;
      },
    ],
  ];

  test.each(disturbances)('are back after %s', async (what, disturb) => {
    grid.beginAnswer();
    await disturb();
    const milliseconds = await grid.back();
    console.log(`${way}, ${what}: back after ${(milliseconds / 1000).toFixed(1)} s`);
    expect(milliseconds).toBeLessThan(30_000);
  });
});

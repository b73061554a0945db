import { expect, test } from 'vitest';
import { PipelineInvariants } from '../testing/pipelineInvariants.ts';
import { puppetGrid, type PuppetGrid } from '../testing/puppetGrid.ts';
import { sizedModel } from '../testing/sizedModel.ts';
import type { ReadyPipeline } from './pipeline.ts';
import { servedContext } from './servedContext.ts';
import { standbyAfterMs } from './state/migration.ts';

// A session of full length takes 600 MB of cache, so the first model leaves the second one no room.
const first = sizedModel({ name: 'first', layers: 4, layerBytes: 5e7, cacheBytes: 18_300 });
const second = sizedModel({ name: 'second', layers: 4, layerBytes: 5e7, cacheBytes: 100 });
const automatic = { mode: 'automatic', replicas: 1 } as const;

const invariants = new PipelineInvariants();

async function atRest(grid: PuppetGrid, milliseconds = 500): Promise<void> {
  await grid.pass(milliseconds, () =>
    invariants.check(grid.deployments.state, grid.registry.table, grid.clock.now()),
  );
}

const ready = (grid: PuppetGrid): ReadyPipeline =>
  grid.deployments.find('first')?.replicas[0]?.ready as ReadyPipeline;
const roomOf = (grid: PuppetGrid): number => {
  const deployment = grid.deployments.find('first');
  return (deployment && servedContext(deployment)?.tokens) ?? 0;
};

/** The first model has given room back to the second one. */
async function shrunk(): Promise<{ grid: PuppetGrid; whole: number }> {
  const grid = puppetGrid();
  grid.worker('only', 1e9).join();
  grid.deployments.deploy(first, automatic);
  await atRest(grid);
  const whole = roomOf(grid);
  grid.deployments.deploy(second, automatic);
  await atRest(grid);
  expect(roomOf(grid)).toBeLessThan(whole);
  return { grid, whole };
}

test('caches that shrank for another model grow again when that one is gone, while an answer runs', async () => {
  const { grid, whole } = await shrunk();
  const before = ready(grid);
  const told: string[] = [];
  grid.deployments.listen({
    lost: ({ id }) => id === before.id && told.push('lost'),
    updated: (_, { stages }) => told.push(`resized to ${stages[0]?.cacheBytes}`),
  });
  const end = grid.deployments.use(before.id);
  grid.deployments.undeploy('second');
  await atRest(grid);
  expect(roomOf(grid)).toBe(whole);
  expect(ready(grid).epoch).toBe(before.epoch);
  expect(ready(grid).stages[0]?.assignmentId).toBe(before.stages[0]?.assignmentId);
  expect(told).toEqual([`resized to ${ready(grid).stages[0]?.cacheBytes}`]);
  end();
  // It is at rest: nothing grows again and again.
  await atRest(grid, 60_000);
  expect(told).toHaveLength(1);
});

test('a model that found little room gets more when its worker has some', async () => {
  const grid = puppetGrid();
  grid.worker('only', 1e9).join();
  // Hardly anything is left for the caches of the model that comes later.
  const large = sizedModel({ name: 'large', layers: 4, layerBytes: 7.5e7, cacheBytes: 100 });
  grid.deployments.deploy(large, automatic);
  await atRest(grid);
  grid.deployments.deploy(first, automatic);
  await atRest(grid);
  const little = roomOf(grid);
  expect(little).toBeGreaterThan(0);
  grid.deployments.undeploy('large');
  await atRest(grid);
  expect(roomOf(grid)).toBe(8192);
  expect(little).toBeLessThan(4096);
  expect(ready(grid).epoch).toBe(1);
});

test('who stands by with the least room has all that its device can give when it serves', async () => {
  const grid = puppetGrid({ standbyShare: 1 });
  const [large, small] = [grid.worker('large', 4e9), grid.worker('small', 1e9)];
  large.join();
  grid.deployments.deploy(first, automatic);
  await atRest(grid);
  small.join();
  await atRest(grid, 2 * standbyAfterMs);
  const [holder] = grid.deployments.standbyAt(small.id);
  expect(holder?.stage.state).toBe('ready');
  large.leave();
  await atRest(grid);
  expect(ready(grid).stages[0]?.workerId).toBe(small.id);
  expect(roomOf(grid)).toBe(8192);
  const [before, after] = small.assigned.slice(-2);
  expect(after?.cacheBytes).toBeGreaterThan(before?.cacheBytes ?? 0);
});

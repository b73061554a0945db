import { expect, test } from 'vitest';
import { puppetGrid, settled, type PuppetGrid } from '../testing/puppetGrid.ts';
import { reservedBytes } from '../placement/gridView.ts';
import { sizedModel } from '../testing/sizedModel.ts';
import type { Deployment } from './deployment.ts';

// A session of full length takes 600 MB of cache, so the first model leaves the second one no room.
const first = sizedModel({ name: 'first', layers: 4, layerBytes: 5e7, cacheBytes: 18_300 });
const second = sizedModel({ name: 'second', layers: 4, layerBytes: 5e7, cacheBytes: 100 });
const automatic = { mode: 'automatic', replicas: 1 } as const;

async function served(...models: (typeof first)[]): Promise<PuppetGrid> {
  const grid = puppetGrid();
  grid.worker('only', 1e9).join();
  for (const model of models) {
    grid.deployments.deploy(model, automatic);
    await grid.pass(500);
  }
  return grid;
}

const find = (grid: PuppetGrid, model: typeof first): Deployment =>
  grid.deployments.find(model.package.id) as Deployment;
const cacheOf = (grid: PuppetGrid): number =>
  find(grid, first).replicas[0]?.ready?.stages[0]?.mostCacheBytes ?? 0;

test('idle caches of a model shrink before another one is refused, and nobody offers more than there is', async () => {
  const grid = await served(first);
  const before = cacheOf(grid);
  grid.deployments.deploy(second, automatic);
  await grid.pass(500);
  expect(find(grid, second).replicas[0]?.ready).toBeDefined();
  expect(find(grid, first).replicas[0]?.ready).toBeDefined();
  expect(cacheOf(grid)).toBeLessThan(before);
  const [worker] = grid.deployments.grid.workers.values();
  expect(reservedBytes(worker!.memory)).toBeLessThanOrEqual(1e9);
});

test('a model that answers keeps its caches until its answers have ended; the other one says what it waits for', async () => {
  const grid = await served(first);
  const before = cacheOf(grid);
  const end = grid.deployments.use(find(grid, first).replicas[0]!.id);
  grid.deployments.deploy(second, automatic);
  await settled();
  expect(find(grid, second).replicas[0]?.missing).toBe(
    'it waits until the caches of first have given room back',
  );
  expect(cacheOf(grid)).toBe(before);
  end();
  await grid.pass(500);
  expect(find(grid, second).replicas[0]?.ready).toBeDefined();
});

test('caches do not shrink for a model that has no room even so', async () => {
  const grid = await served(first);
  const before = cacheOf(grid);
  grid.deployments.deploy(
    sizedModel({ name: 'huge', layers: 4, layerBytes: 2.5e8, cacheBytes: 1 }),
    automatic,
  );
  await grid.pass(500);
  expect(cacheOf(grid)).toBe(before);
});

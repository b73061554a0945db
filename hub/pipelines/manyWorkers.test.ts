import { expect, test } from 'vitest';
import { puppetGrid, settled } from '../testing/puppetGrid.ts';
import { sizedModel } from '../testing/sizedModel.ts';

const model = sizedModel({ name: 'model', layers: 4, layerBytes: 5e7, cacheBytes: 100 });

test.each([
  [10, [3]],
  [250, [1, 2, 3]],
])('among %i workers, placements have a turn of the event loop each: %j', async (workers, placed) => {
  const grid = puppetGrid();
  for (let index = 0; index < workers; index++) grid.worker(`worker ${index}`, 1e9).join();
  grid.deployments.deploy(model, { mode: 'automatic', replicas: 3 });
  const replicas = () => grid.deployments.find('model')?.replicas ?? [];
  for (const count of placed) {
    // Stages that were placed are cut meanwhile.
    await settled();
    expect(replicas().filter(({ pipeline }) => pipeline)).toHaveLength(count);
    grid.clock.step(grid.clock.now());
  }
  await grid.pass(500);
  expect(replicas().every(({ ready }) => ready)).toBe(true);
});

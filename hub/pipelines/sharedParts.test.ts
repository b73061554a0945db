import { expect, test } from 'vitest';
import { puppetGrid } from '../testing/puppetGrid.ts';
import { sizedModel } from '../testing/sizedModel.ts';
import { describeSharedParts } from './sharedParts.ts';

test('a model whose parts share devices since others were lost says so until they are back', async () => {
  const grid = puppetGrid();
  const workers = ['one', 'two', 'three'].map((name) => grid.worker(name, 1e9));
  for (const worker of workers) worker.join();
  const model = sizedModel({ name: 'model', layers: 6, layerBytes: 1e7, cacheBytes: 100 });
  grid.deployments.deploy(model, { mode: 'shards', count: 3, replicas: 1 });
  const said = async (): Promise<string | undefined> => {
    await grid.pass(60_000);
    const [deployment] = grid.deployments.list;
    return deployment && describeSharedParts(deployment);
  };
  expect(await said()).toBeUndefined();
  workers[1]?.leave();
  expect(await said()).toBe('3 parts run on 2 devices until others with room for a part join');
  workers[2]?.leave();
  expect(await said()).toBe('3 parts run on one device until others with room for a part join');
  for (const worker of workers.slice(1)) {
    worker.startAnew();
    worker.join();
  }
  expect(await said()).toBeUndefined();
  expect(grid.deployments.list[0]?.replicas[0]?.ready).toBeDefined();
});

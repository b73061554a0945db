import { expect, test } from 'vitest';
import { puppetGrid, settled, type PuppetGrid } from '../testing/puppetGrid.ts';
import { sizedModel } from '../testing/sizedModel.ts';

const automatic = { mode: 'automatic', replicas: 1 } as const;
const model = sizedModel({ name: 'model', layers: 4, layerBytes: 1e8, cacheBytes: 100 });

async function pass(grid: PuppetGrid, milliseconds: number): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    grid.clock.advance(milliseconds / 5);
    await settled();
  }
}

const missing = (grid: PuppetGrid): string | undefined => grid.deployments.list[0]?.replicas[0]?.missing;
const places = (grid: PuppetGrid): string[] =>
  grid.deployments.list[0]?.replicas[0]?.ready?.stages.map(({ workerName }) => workerName) ?? [];

test('a plan by hand that waits for a node says what stays reserved at the others', async () => {
  const grid = puppetGrid();
  const [one, two] = ['one', 'two'].map((name) => grid.worker(name, 1e9));
  one?.join();
  two?.join();
  const stages = [one, two].map((worker) => ({ nodeId: worker!.id }));
  grid.deployments.deploy(model, { mode: 'manual', stages });
  await pass(grid, 1000);
  expect(places(grid)).toEqual(['one', 'two']);
  two?.leave();
  await pass(grid, 1000);
  expect(missing(grid)).toMatch(
    /^waiting for 1 of its nodes: two; until then \d+ MB at one stays reserved for it$/,
  );
  one?.leave();
  await pass(grid, 1000);
  expect(missing(grid)).toBe('waiting for 2 of its nodes: one, two');
  one?.join();
  two?.join();
  await pass(grid, 1000);
  expect(places(grid)).toEqual(['one', 'two']);
});

test('after a restart a model waits for those who served it, so that each gets the layers that it has', async () => {
  const grid = puppetGrid();
  const [one, two, other] = ['one', 'two', 'other'].map((name) => grid.worker(name, 4e8));
  grid.deployments.deploy(model, automatic, undefined, [one!.id, two!.id]);
  other?.join();
  one?.join();
  await pass(grid, 1000);
  expect(missing(grid)).toBe('waiting for the nodes that served it before the hub was started again');
  two?.join();
  await pass(grid, 1000);
  expect(places(grid)).toHaveLength(2);
});

test('after a restart a model does not wait for long', async () => {
  const grid = puppetGrid();
  const [gone, other] = ['gone', 'other'].map((name) => grid.worker(name, 1e9));
  grid.deployments.deploy(model, automatic, undefined, [gone!.id]);
  other?.join();
  await pass(grid, 4000);
  expect(places(grid)).toEqual([]);
  await pass(grid, 2000);
  expect(places(grid)).toEqual(['other']);
});

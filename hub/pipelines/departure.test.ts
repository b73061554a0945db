import { expect, test } from 'vitest';
import { puppetGrid, type PuppetGrid, type PuppetWorker } from '../testing/puppetGrid.ts';
import { sizedModel } from '../testing/sizedModel.ts';
import { departureOf } from './departure.ts';
import { standbyAfterMs } from './state/migration.ts';

const model = sizedModel({ name: 'model', layers: 4, layerBytes: 2.5e7, cacheBytes: 100 });

function joined(grid: PuppetGrid, name: string, memoryBytes = 1e9): PuppetWorker {
  const worker = grid.worker(name, memoryBytes);
  worker.join();
  return worker;
}

function leaving({ deployments, nodes }: PuppetGrid, { id }: PuppetWorker) {
  const [deployment] = deployments.list;
  const standbyOf = deployments.standbyOf.bind(deployments);
  return (
    deployment &&
    departureOf(deployment, id, { grid: deployments.grid, standbyOf, nameOf: (node) => nodes.nameOf(node) })
  );
}

test('a model stops where nobody has room for the layers of the device', async () => {
  const grid = puppetGrid();
  const [one] = [joined(grid, 'one', 2e8), joined(grid, 'other', 2e8)];
  grid.deployments.deploy(model, { mode: 'shards', count: 2, replicas: 1 });
  await grid.pass(1000);
  const effect = leaving(grid, one);
  expect(effect).toMatchObject({ model: 'model', outcome: 'stops', devices: [] });
  expect(effect?.reason).toMatch(/needs/);
});

test('a spare device loads the layers, unless one stands by with them', async () => {
  const grid = puppetGrid({ standbyShare: 0.9 });
  const [one] = [joined(grid, 'one'), joined(grid, 'other')];
  grid.deployments.deploy(model, { mode: 'shards', count: 2, replicas: 1 });
  await grid.pass(1000);
  const spare = joined(grid, 'spare');
  expect(leaving(grid, spare)).toBeUndefined();
  const loads = leaving(grid, one);
  expect(loads).toEqual({ model: 'model', outcome: 'spare', devices: ['spare'], reason: null });
  await grid.pass(standbyAfterMs);
  await grid.pass(10_000);
  expect(leaving(grid, one)).toEqual({
    model: 'model',
    outcome: 'standby',
    devices: ['spare'],
    reason: null,
  });
});

test('another replica answers on', async () => {
  const grid = puppetGrid();
  const [one] = [joined(grid, 'one'), joined(grid, 'other')];
  grid.deployments.deploy(model, { mode: 'shards', count: 1, replicas: 2 });
  await grid.pass(1000);
  expect(leaving(grid, one)).toMatchObject({ outcome: 'replica', devices: ['other'] });
});

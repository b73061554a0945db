import { beforeEach, expect, test } from 'vitest';
import { puppetGrid, type PuppetGrid } from '../testing/puppetGrid.ts';
import { sizedModel } from '../testing/sizedModel.ts';
import type { Deployment } from './deployment.ts';

const model = sizedModel({ name: 'model', layers: 4, layerBytes: 1e8, cacheBytes: 100 });
const other = sizedModel({ name: 'other', layers: 4, layerBytes: 1e8, cacheBytes: 100 });
const automatic = { mode: 'automatic', replicas: 1 } as const;

let grid: PuppetGrid;
beforeEach(() => (grid = puppetGrid()));

const find = (id: string): Deployment => grid.deployments.find(id) as Deployment;
const places = (id = 'model'): string[][] =>
  find(id).replicas.map(({ ready }) => ready?.stages.map(({ workerName }) => workerName) ?? []);

/** Requests come every 10 s that have to wait. */
async function crowd(seconds: number): Promise<void> {
  for (let time = 0; time <= seconds; time += 10) {
    grid.deployments.crowded(model.package.id);
    await grid.pass(10_000);
  }
}

async function served(mostReplicas: number | undefined, ...names: string[]): Promise<void> {
  for (const name of names) grid.worker(name, 8e8).join();
  grid.deployments.deploy(model, { ...automatic, ...(mostReplicas ? { mostReplicas } : {}) });
  await grid.pass(1000);
}

test('requests that wait for a while get a second replica, where there is room and the plan lets it', async () => {
  await served(2, 'one', 'two', 'zwei');
  await crowd(10);
  expect(places()).toEqual([['one']]);
  await grid.pass(60_000);
  await crowd(20);
  expect(places()).toEqual([['one']]);
  await crowd(40);
  expect(places()).toEqual([['one'], ['two']]);
  await crowd(300);
  expect(places()).toHaveLength(2);
});

test.each([
  { why: 'the plan says nothing of more', most: undefined, workers: ['one', 'two'] },
  { why: 'there is no room', most: 4, workers: ['one'] },
])('there is no second replica where $why', async ({ most, workers }) => {
  await served(most, ...workers);
  await crowd(300);
  expect(places()).toEqual([['one']]);
  expect(find('model').replicas[0]?.missing).toBeUndefined();
});

test('a replica that was added goes when it has nothing to do and another model needs its room', async () => {
  await served(2, 'one', 'two');
  await crowd(60);
  expect(places()).toEqual([['one'], ['two']]);
  await grid.pass(3_600_000);
  expect(places()).toHaveLength(2);
  const end = grid.deployments.use(find('model').replicas[1]!.id);
  grid.deployments.deploy(other, automatic);
  await grid.pass(60_000);
  expect(places()).toHaveLength(2);
  end();
  await grid.pass(60_000);
  expect(places()).toEqual([['one']]);
  expect(places('other')).toEqual([['two']]);
});

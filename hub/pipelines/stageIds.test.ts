import { expect, test } from 'vitest';
import { puppetGrid } from '../testing/puppetGrid.ts';
import { sizedModel } from '../testing/sizedModel.ts';
import type { Stage } from './pipeline.ts';

const model = sizedModel({ name: 'model', layers: 4, layerBytes: 1e8, cacheBytes: 100 });

test('who keeps its layers keeps its stage’s id over losses and moves, with new assignments', async () => {
  const grid = puppetGrid();
  const { deployments } = grid;
  const stages = (): readonly Stage[] => deployments.list[0]?.replicas[0]?.ready?.stages ?? [];
  deployments.deploy(model, { mode: 'shards', count: 2, replicas: 1 });
  const [one, two, three] = ['one', 'two', 'three'].map((name) => grid.worker(name, 1e9));
  one?.join();
  await grid.pass(500);
  const shared = stages();
  expect(new Set(shared.map(({ id }) => id)).size).toBe(2);
  two?.join();
  await grid.pass(500);
  const moved = stages();
  expect(moved.map(({ workerName }) => workerName)).toEqual(['one', 'two']);
  expect(moved[0]?.id).toBe(shared[0]?.id);
  expect(moved[1]?.id).not.toBe(shared[1]?.id);
  three?.join();
  two?.leave();
  await grid.pass(500);
  const rebuilt = stages();
  expect(rebuilt.map(({ workerName }) => workerName)).toEqual(['one', 'three']);
  expect(rebuilt[0]?.id).toBe(shared[0]?.id);
  expect(rebuilt[0]?.assignmentId).not.toBe(moved[0]?.assignmentId);
  expect([shared[1]?.id, moved[1]?.id]).not.toContain(rebuilt[1]?.id);
});

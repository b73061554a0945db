import { randomUUID } from 'node:crypto';
import { AssignmentId } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { puppetGrid, type PuppetGrid } from '../testing/puppetGrid.ts';
import { sizedModel } from '../testing/sizedModel.ts';

const automatic = { mode: 'automatic', replicas: 1 } as const;
const model = sizedModel({ name: 'model', layers: 4, layerBytes: 1e8, cacheBytes: 100 });

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
  await grid.pass(1000);
  expect(places(grid)).toEqual(['one', 'two']);
  two?.leave();
  await grid.pass(1000);
  expect(missing(grid)).toMatch(
    /^waiting for 1 of its nodes: two; until then \d+ MB at one stays reserved for it$/,
  );
  one?.leave();
  await grid.pass(1000);
  expect(missing(grid)).toBe('waiting for 2 of its nodes: one, two');
  one?.join();
  two?.join();
  await grid.pass(1000);
  expect(places(grid)).toEqual(['one', 'two']);
});

test('after a restart a model waits for those who served it, so that each gets the layers that it has', async () => {
  const grid = puppetGrid();
  const [one, two, other] = ['one', 'two', 'other'].map((name) => grid.worker(name, 4e8));
  const served = [
    { workerId: two!.id, firstLayer: 0, lastLayer: 1 },
    { workerId: one!.id, firstLayer: 2, lastLayer: 3 },
  ];
  const graph = (await model.cutStage(2, 3)).graph.sha256;
  const [kept, stray] = [randomUUID(), randomUUID()].map((id) => AssignmentId.parse(id));
  one!.heldStages = [{ assignmentId: kept!, model: model.package.id, graph, bytes: 1e8 }];
  grid.deployments.deploy(model, automatic, undefined, { epoch: 7, replicas: [served] });
  other?.join();
  one?.join();
  one?.report(kept!, 'ready', { cacheBytes: 1e6 });
  one?.report(stray!, 'ready', { cacheBytes: 1e6 });
  await grid.pass(1000);
  expect(missing(grid)).toBe('waiting for the nodes that served it before the hub was started again');
  two?.join();
  await grid.pass(1000);
  expect(places(grid)).toEqual(['two', 'one']);
  expect(grid.deployments.list[0]?.replicas[0]?.ready?.epoch).toBe(8);
  // What it has stays until it was assigned the same again; what nobody knows goes at once.
  expect(
    one?.received.map((message) => [message.type, 'assignmentId' in message && message.assignmentId]),
  ).toEqual([
    ['release', stray],
    ['assign', expect.any(String)],
    ['release', kept],
  ]);
});

test('after a restart a model does not wait for long', async () => {
  const grid = puppetGrid();
  const [gone, other] = ['gone', 'other'].map((name) => grid.worker(name, 1e9));
  grid.deployments.deploy(model, automatic, undefined, {
    epoch: 1,
    replicas: [[{ workerId: gone!.id, firstLayer: 0, lastLayer: 3 }]],
  });
  other?.join();
  await grid.pass(9000);
  expect(places(grid)).toEqual([]);
  await grid.pass(2000);
  expect(places(grid)).toEqual(['other']);
});

test('who says goodbye after a restart is not waited for', async () => {
  const grid = puppetGrid();
  const [gone, other] = ['gone', 'other'].map((name) => grid.worker(name, 1e9));
  const [first, last] = [
    { workerId: other!.id, firstLayer: 0, lastLayer: 1 },
    { workerId: gone!.id, firstLayer: 2, lastLayer: 3 },
  ];
  grid.deployments.deploy(model, automatic, undefined, { epoch: 1, replicas: [[first, last]] });
  gone?.join();
  gone?.leave('left');
  other?.join();
  await grid.pass(1000);
  expect(places(grid)).toEqual(['other']);
});

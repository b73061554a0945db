import { expect, test } from 'vitest';
import { puppetGrid, settled, type PuppetGrid, type PuppetWorker } from '../testing/puppetGrid.ts';
import { sizedModel } from '../testing/sizedModel.ts';
import type { Replica } from './deployment.ts';

const model = sizedModel({ name: 'model', layers: 4, layerBytes: 1e8, cacheBytes: 100 });

async function withModel(stages: number): Promise<{ grid: PuppetGrid; replica: () => Replica }> {
  const grid = puppetGrid();
  grid.deployments.deploy(model, { mode: 'shards', count: stages, replicas: 1 });
  await settled();
  return { grid, replica: () => grid.deployments.list[0]?.replicas[0] as Replica };
}

async function joined(grid: PuppetGrid, worker: PuppetWorker): Promise<PuppetWorker> {
  worker.join();
  await settled();
  // Messages take a moment.
  grid.clock.advance(100);
  return worker;
}

test.each([
  ['no room for caches', { cacheBytes: 0 }],
  ['nothing of its caches', {}],
])('a stage that says it has %s does not serve: its worker sits out with the reason', async (_, more) => {
  const { grid, replica } = await withModel(1);
  const worker = await joined(grid, grid.worker('small', 1e9, false));
  worker.report(worker.assigned[0]!.assignmentId, 'ready', more);
  expect(replica().ready).toBeUndefined();
  expect(replica().missing).toMatch(
    /small failed \(it has 0 B of memory for caches, and one token takes 400 B\)/,
  );
});

test('more cache than the stage was given counts as what it was given', async () => {
  const { grid, replica } = await withModel(1);
  const worker = await joined(grid, grid.worker('boaster', 1e9, false));
  const [assign] = worker.assigned;
  worker.report(assign!.assignmentId, 'ready', { cacheBytes: Number.MAX_SAFE_INTEGER });
  expect(replica().ready?.stages[0]?.cacheBytes).toBe(assign!.cacheBytes);
});

test('a chunk of a prompt that took no time was not measured', async () => {
  const { grid, replica } = await withModel(1);
  const worker = await joined(grid, grid.worker('fast', 1e9, false));
  const promptSteps = [
    { tokens: 256, milliseconds: 10 },
    { tokens: 512, milliseconds: 0 },
  ];
  worker.report(worker.assigned[0]!.assignmentId, 'ready', { cacheBytes: 1e6, promptSteps });
  expect(replica().ready?.stages[0]?.promptSteps).toEqual([{ tokens: 256, milliseconds: 10 }]);
});

test('the stage of another worker is not for a worker to report', async () => {
  const { grid, replica } = await withModel(1);
  const worker = await joined(grid, grid.worker('one', 2e9, false));
  const other = await joined(grid, grid.worker('other', 1e9, false));
  other.report(worker.assigned[0]!.assignmentId, 'ready', { cacheBytes: 1e6 });
  expect(replica().ready).toBeUndefined();
  grid.clock.advance(100);
  expect(other.received.map(({ type }) => type)).toEqual(['release']);
});

test('a worker that stops to report is given up at its deadline, and not before', async () => {
  const { grid, replica } = await withModel(1);
  await joined(grid, grid.worker('silent', 1e9, false));
  grid.clock.advance(129_000);
  expect(replica().missing).toMatch(/silent \(layers 0 to 3\) is assigned/);
  grid.clock.advance(2000);
  expect(replica().missing).toMatch(/silent failed \(no progress for 120000 ms while assigned\)/);
});

test('a hub that slept blames nobody: deadlines go on from where they were', async () => {
  const { grid, replica } = await withModel(1);
  const worker = await joined(grid, grid.worker('patient', 1e9, false));
  grid.clock.jump(3_600_000);
  expect(replica().missing).toMatch(/patient \(layers 0 to 3\) is assigned/);
  worker.report(worker.assigned[0]!.assignmentId, 'ready', { cacheBytes: 1e6 });
  expect(replica().ready).toBeDefined();
});

test('a newcomer that stops to report while it loads ahead sits out, and the pipeline serves on', async () => {
  const { grid, replica } = await withModel(2);
  await joined(grid, grid.worker('one', 1e9));
  const silent = await joined(grid, grid.worker('silent', 1e9, false));
  expect(silent.assigned).toHaveLength(1);
  const { epoch } = replica().ready!;
  grid.clock.advance(131_000);
  expect(silent.received.at(-1)).toMatchObject({ type: 'release' });
  expect(replica().ready?.epoch).toBe(epoch);
});

test('who left just before its stages were cut is not assigned any', async () => {
  const grid = puppetGrid();
  const worker = grid.worker('hasty', 1e9);
  worker.join();
  grid.deployments.deploy(model, { mode: 'automatic', replicas: 1 });
  worker.leave();
  await settled();
  grid.clock.advance(100);
  expect(worker.received).toEqual([]);
  expect(grid.deployments.list[0]?.replicas[0]?.missing).toMatch(/no device is connected/);
});

test('two administrators who change one deployment: the second one is told, and nothing of the first is lost', async () => {
  const { grid } = await withModel(2);
  const { revision } = grid.deployments.list[0]!;
  grid.deployments.deploy(model, { mode: 'automatic', replicas: 2 }, revision);
  expect(() => grid.deployments.deploy(model, { mode: 'automatic', replicas: 3 }, revision)).toThrow(
    /deployed with revision 2/,
  );
  expect(grid.deployments.list[0]?.replicas).toHaveLength(2);
});

test('a plan that is sent once more, or asks for another replica, moves nothing that serves', async () => {
  const { grid, replica } = await withModel(2);
  await joined(grid, grid.worker('one', 1e9));
  await joined(grid, grid.worker('two', 1e9));
  await settled();
  grid.clock.advance(100);
  const { epoch, stages } = replica().ready!;
  for (const replicas of [1, 2]) {
    const { revision } = grid.deployments.list[0]!;
    grid.deployments.deploy(model, { mode: 'shards', count: 2, replicas }, revision);
    await settled();
    expect(replica().ready).toMatchObject({ epoch, stages });
  }
  const { revision } = grid.deployments.list[0]!;
  grid.deployments.deploy(model, { mode: 'shards', count: 1, replicas: 1 }, revision);
  await settled();
  expect(replica().pipeline?.epoch).not.toBe(epoch);
});

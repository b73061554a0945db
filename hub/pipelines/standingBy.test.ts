import { expect, test } from 'vitest';
import { puppetGrid, type PuppetWorker } from '../testing/puppetGrid.ts';
import { PipelineInvariants } from '../testing/pipelineInvariants.ts';
import { sizedModel } from '../testing/sizedModel.ts';
import type { Replica } from './deployment.ts';
import { standbyAfterMs } from './state/migration.ts';

const model = sizedModel({ name: 'model', layers: 4, layerBytes: 2.5e7, cacheBytes: 100 });
const two = { mode: 'shards', count: 2, replicas: 1 } as const;

function setup(standbyShare = 0.5) {
  const grid = puppetGrid({ standbyShare });
  const joined = (name: string, memoryBytes = 1e9): PuppetWorker => {
    const worker = grid.worker(name, memoryBytes);
    worker.join();
    return worker;
  };
  const replica = (): Replica => grid.deployments.list[0]?.replicas[0] as Replica;
  const holders = (): string[] =>
    [...grid.registry.table.values()].flatMap(({ id, name }) =>
      grid.deployments.standbyAt(id).map(({ stage }) => `${name} ${stage.firstLayer}-${stage.lastLayer}`),
    );
  const invariants = new PipelineInvariants();
  const pass = (milliseconds: number): Promise<void> =>
    grid.pass(milliseconds, () =>
      invariants.check(grid.deployments.state, grid.registry.table, grid.clock.now()),
    );
  return { grid, joined, replica, holders, pass };
}

/** Two workers that serve in two stages, and others that came once they did. */
async function serving(all: ReturnType<typeof setup>, others: string[]) {
  const [one, other] = [all.joined('one'), all.joined('other')];
  all.grid.deployments.deploy(model, two);
  await all.pass(1000);
  const spares = others.map((name) => all.joined(name));
  return { one, other, spares };
}

test('once a pipeline has served for a while, others load its stages, and take a lost one over without loading', async () => {
  const all = setup();
  const { one, other, spares } = await serving(all, ['spare', 'another']);
  await all.pass(standbyAfterMs - 5000);
  expect(all.holders()).toEqual([]);
  await all.pass(10_000);
  const stages = all.replica().ready?.stages.map(({ firstLayer, lastLayer }) => `${firstLayer}-${lastLayer}`);
  expect(
    all
      .holders()
      .map((holder) => holder.split(' ')[1])
      .toSorted(),
  ).toEqual(stages);
  expect(new Set(all.holders().map((holder) => holder.split(' ')[0]))).toEqual(new Set(['spare', 'another']));

  const lost = all.replica().ready?.stages[0]?.workerId === one.id ? one : other;
  const holder = spares.find(({ id }) =>
    all.grid.deployments.standbyAt(id).some(({ stage }) => stage.firstLayer === 0),
  ) as PuppetWorker;
  const held = holder.assigned.at(-1);
  lost.leave();
  await all.pass(100);
  const first = all.replica().ready?.stages[0];
  expect(first?.workerId).toBe(holder.id);
  // The same graph again: its worker keeps it loaded.
  expect(holder.assigned.at(-1)?.assignmentId).not.toBe(held?.assignmentId);
  expect(holder.assigned.at(-1)?.stage.graph).toEqual(held?.stage.graph);
  expect(all.replica().ready?.epoch).toBe(2);
});

test('nobody stands by beyond the share of the memory that the operator gives', async () => {
  // Four times 1 GB, and stages of about 120 MB with their working memory.
  const none = setup(0.05);
  await serving(none, ['spare', 'another']);
  await none.pass(2 * standbyAfterMs);
  expect(none.holders()).toEqual([]);
  const off = setup(0);
  await serving(off, ['spare']);
  await off.pass(2 * standbyAfterMs);
  expect(off.holders()).toEqual([]);
});

test('what stands by gives way to a model that finds no other place', async () => {
  const all = setup(1);
  const { spares } = await serving(all, ['spare']);
  await all.pass(2 * standbyAfterMs);
  expect(all.holders()).toHaveLength(2);
  const [spare] = spares;
  const big = sizedModel({ name: 'big', layers: 4, layerBytes: 1.3e8, cacheBytes: 100 });
  const stages = [{ nodeId: spare?.id ?? '' }];
  all.grid.deployments.deploy(big, { mode: 'manual', stages });
  await all.pass(10_000);
  expect(all.grid.deployments.find('big')?.replicas[0]?.missing).toBeUndefined();
  expect(all.replica().ready?.epoch).toBe(1);
});

test('a holder that fails or leaves is missed by nobody', async () => {
  const all = setup();
  const { spares } = await serving(all, ['spare', 'another']);
  await all.pass(2 * standbyAfterMs);
  spares[0]?.leave();
  await all.pass(1000);
  expect(all.replica().ready?.epoch).toBe(1);
  await all.pass(2 * standbyAfterMs);
  expect(all.holders()).toHaveLength(2);
  expect(all.replica().ready?.epoch).toBe(1);
});

test.each([
  { name: 'the fastest, not who has most memory', otherMs: undefined, holder: 'small and fast' },
  { name: 'one of the same kind, which goes on with the same words', otherMs: 10, holder: 'small and fast' },
  { name: 'one of another kind that is much faster', otherMs: 3, holder: 'other kind' },
])('$name stands by', async ({ otherMs, holder }) => {
  const all = setup();
  const { grid } = all;
  const joined = (name: string, memoryBytes: number, milliseconds: number, device = {}): void => {
    const worker = grid.worker(name, memoryBytes);
    Object.assign(worker.device, device);
    const { id: modelId } = model.package;
    grid.speeds.measured(worker, { model: modelId, weightBytes: 1e8, milliseconds, source: 'served' });
    worker.join();
  };
  joined('serving', 4e9, 2);
  grid.deployments.deploy(model, { mode: 'automatic', replicas: 1 });
  await all.pass(1000);
  joined('large and slow', 8e9, 40);
  joined('small and fast', 1e9, 12);
  if (otherMs !== undefined) joined('other kind', 1e9, otherMs, { kind: 'webgpu' });
  await all.pass(standbyAfterMs + 1000);
  expect(all.holders()).toEqual([`${holder} 0-3`]);
});

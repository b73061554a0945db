import type { WorkerId } from '@potluck/protocol';
import { beforeEach, expect, test } from 'vitest';
import type { GridView, GridWorker } from '../placement/gridView.ts';
import { puppetGrid, type PuppetGrid, type PuppetWorker } from '../testing/puppetGrid.ts';
import { sizedModel } from '../testing/sizedModel.ts';
import type { Replica } from './deployment.ts';
import type { Context } from './plan/context.ts';
import { dropWhatDoesNotPay } from './plan/moving.ts';

const model = sizedModel({ name: 'model', layers: 4, layerBytes: 2.5e7, cacheBytes: 100 });
const automatic = { mode: 'automatic', replicas: 1 } as const;
const minute = 60_000;

let grid: PuppetGrid;
beforeEach(() => (grid = puppetGrid()));

const replica = (): Replica => grid.deployments.list[0]?.replicas[0] as Replica;
const places = (): string[] => replica().ready?.stages.map(({ workerName }) => workerName) ?? [];

/** How long the whole model would take it for a token. */
function measured(worker: PuppetWorker, milliseconds: number, source: 'served' | 'tried' = 'served'): void {
  const at = grid.clock.now();
  grid.speeds.measured(worker, { model: model.package.id, weightBytes: 1e8, milliseconds, source, at });
}

function joined(name: string, milliseconds?: number, memoryBytes = 1e9): PuppetWorker {
  const worker = grid.worker(name, memoryBytes);
  if (milliseconds !== undefined) measured(worker, milliseconds);
  worker.join();
  return worker;
}

async function answered(tokens: number): Promise<void> {
  const end = grid.deployments.use(replica().id);
  await grid.pass(1000);
  end(tokens);
  await grid.pass(10 * minute);
}

test('a pipeline moves to a much faster newcomer, which loads it first, when its answers have ended', async () => {
  joined('slow', 100);
  grid.deployments.deploy(model, automatic);
  await grid.pass(10 * minute);
  const end = grid.deployments.use(replica().id);
  const fast = joined('fast', 30);
  await grid.pass(10 * minute);
  expect(fast.assigned).toHaveLength(1);
  expect(places()).toEqual(['slow']);
  expect(grid.deployments.movingTo(fast.id)).toHaveLength(1);
  expect(grid.deployments.standbyAt(fast.id)).toEqual([]);
  expect(grid.deployments.state.pipelines.get(replica().id)?.migration?.reason).toBe(
    'it is faster elsewhere: a token would take 30 ms instead of 100 ms; the move has to load 100 MB first and pays off after 158 tokens',
  );
  end();
  await grid.pass(1000);
  expect(places()).toEqual(['fast']);
});

test('what was loaded is weighed again only once something new is known of its workers', async () => {
  joined('slow', 100);
  grid.deployments.deploy(model, automatic);
  await grid.pass(10 * minute);
  grid.deployments.use(replica().id);
  const fast = joined('fast', 30);
  joined('bystander', 20, 1e6);
  await grid.pass(10 * minute);
  const { state } = grid.deployments;
  const one = state.pipelines.get(replica().id)!;
  expect(one.migration).toMatchObject({ step: 'loaded', mustPay: true, isBold: false });
  let reads = 0;
  const counted = (worker: GridWorker): GridWorker =>
    new Proxy(worker, {
      get: (target, name): unknown => {
        if (name === 'tokenSteps') reads++;
        return Reflect.get(target, name);
      },
    });
  const ask = (workers: GridView['workers']): number => {
    const before = reads;
    const context = { state, grid: { view: { workers } } as Context['grid'], now: grid.clock.now() };
    expect(dropWhatDoesNotPay(one, context)).toBeUndefined();
    return reads - before;
  };
  const workers = new Map([...grid.deployments.grid.workers].map(([id, worker]) => [id, counted(worker)]));
  expect(ask(workers)).toBeGreaterThan(0);
  const others = [...workers].map(([id, worker]) => [
    id,
    worker.name === 'bystander' ? counted(worker) : worker,
  ]);
  expect(ask(new Map(others as [WorkerId, GridWorker][]))).toBe(0);
  workers.set(fast.id, counted(workers.get(fast.id)!));
  expect(ask(workers)).toBeGreaterThan(0);
});

test.each([
  { name: 'not by more than noise', milliseconds: 90 },
  { name: 'by a guess that is not sure enough', milliseconds: undefined },
])('a newcomer that is faster, $name, leads to no move', async ({ milliseconds }) => {
  joined('present', milliseconds === undefined ? 20 : 100);
  grid.deployments.deploy(model, automatic);
  await grid.pass(10 * minute);
  const newcomer = joined('newcomer', milliseconds);
  await grid.pass(60 * minute);
  expect(newcomer.assigned).toEqual([]);
  expect(places()).toEqual(['present']);
});

test('a large model moves once as many tokens were asked for as pay for loading it', async () => {
  // A token takes 0.2 ms less for each of 10,000 tokens, 100 MB take 10 s.
  joined('slow', 2);
  grid.deployments.deploy(model, automatic);
  const fast = joined('fast', 1.2);
  await answered(9000);
  expect(fast.assigned).toEqual([]);
  await answered(9000);
  expect(places()).toEqual(['fast']);
});

test('who turns out to be slow when it tried its stage gets no answers to do', async () => {
  joined('present', 100);
  grid.deployments.deploy(model, automatic);
  await grid.pass(10 * minute);
  // By a guess, a processor takes 13 ms.
  const newcomer = grid.worker('newcomer', 1e9, false);
  newcomer.join();
  await grid.pass(3 * minute);
  const { assignmentId } = newcomer.assigned[0]!;
  measured(newcomer, 120, 'tried');
  newcomer.report(assignmentId, 'ready', { cacheBytes: 1e6 });
  await grid.pass(60 * minute);
  expect(newcomer.received.map(({ type }) => type)).toEqual(['assign', 'release']);
  expect(places()).toEqual(['present']);
});

test('measurements that come and go move a pipeline ever more rarely', async () => {
  const [one, other] = [joined('one', 50), joined('other', 50)];
  grid.deployments.deploy(model, automatic);
  await grid.pass(1000);
  const epoch = replica().ready!.epoch;
  for (let turn = 0; turn < 24 * 12; turn++) {
    // Wherever it is, the other one seems to be faster.
    const [here, there] = places()[0] === 'one' ? [one, other] : [other, one];
    for (let time = 0; time < 6; time++) {
      measured(here, 100);
      measured(there, 10);
    }
    grid.deployments.use(replica().id)(100);
    await grid.pass(5 * minute);
  }
  const moves = replica().ready!.epoch - epoch;
  expect(moves).toBeGreaterThan(3);
  expect(moves).toBeLessThan(13);
});

const shards = { mode: 'shards', count: 2, replicas: 1 } as const;
test.each([
  { plan: automatic, first: ['fast'], meanwhile: ['tab'] },
  { plan: shards, first: ['steady', 'fast'], meanwhile: ['steady', 'tab'] },
])(
  'a slow device that stands in for a lost one ($plan.mode) gives its place back in the middle of an answer',
  async ({ plan, first, meanwhile }) => {
    if (plan.mode === 'shards') joined('steady', 20);
    const fast = joined('fast', 15);
    grid.deployments.deploy(model, plan);
    await grid.pass(2 * minute);
    expect(places().toSorted()).toEqual(first.toSorted());
    joined('tab', 3000, 9e8);
    grid.deployments.use(replica().id);
    fast.leave();
    await grid.pass(1000);
    expect(places().toSorted()).toEqual(meanwhile.toSorted());
    fast.startAnew();
    fast.join();
    await grid.pass(20_000);
    expect(places().toSorted()).toEqual(first.toSorted());
  },
);

test('a stand-in that is only a little slower keeps its place until the answer is over', async () => {
  const fast = joined('fast', 15);
  grid.deployments.deploy(model, automatic);
  await grid.pass(2 * minute);
  joined('spare', 25, 9e8);
  const end = grid.deployments.use(replica().id);
  fast.leave();
  await grid.pass(1000);
  fast.startAnew();
  fast.join();
  await grid.pass(20_000);
  expect(places()).toEqual(['spare']);
  end();
  await grid.pass(1000);
  expect(places()).toEqual(['fast']);
});

test('what takes the place of a lost device has room for the answers under way, where anybody has', async () => {
  const long = sizedModel({ name: 'model', layers: 4, layerBytes: 2.5e7, cacheBytes: 5e4 });
  joined('steady', 20, 2e9);
  const fast = joined('fast', 20, 2e9);
  grid.deployments.deploy(long, shards);
  await grid.pass(2 * minute);
  // It has room for 700 tokens beside two layers, and for 2,200 beside one.
  joined('tab', 3000, 2.2e8);
  grid.deployments.use(replica().id, 4000);
  fast.leave();
  await grid.pass(1000);
  expect(places()).toEqual(['steady', 'steady']);
});

test('where nobody has room for the answers under way, the pipeline goes to the first who has', async () => {
  const long = sizedModel({ name: 'model', layers: 4, layerBytes: 2.5e7, cacheBytes: 1e4 });
  const fast = joined('fast', 15);
  grid.deployments.deploy(long, automatic);
  await grid.pass(2 * minute);
  const small = joined('small', 15, 2.6e8);
  grid.deployments.use(replica().id, 4000);
  fast.leave();
  await grid.pass(1000);
  expect(places()).toEqual([small.name]);
  joined('slower', 20);
  await grid.pass(20_000);
  expect(places()).toEqual(['slower']);
});

const large = sizedModel({ name: 'model', layers: 4, layerBytes: 1e8, cacheBytes: 100 });

test('of two slow workers, a fast one takes the place of one; the other keeps its layers', async () => {
  // Neither has room for all of it.
  const [one, two] = [joined('one', 100, 4e8), joined('two', 300, 4e8)];
  grid.deployments.deploy(large, automatic);
  await grid.pass(10 * minute);
  expect(places()).toEqual(['one', 'two']);
  joined('three', 5, 5e8);
  await grid.pass(60 * minute);
  expect(places()).toEqual(['one', 'three']);
  const graphs = one.assigned.map(({ stage }) => stage.graph.sha256);
  expect(new Set(graphs).size).toBe(1);
  expect(two.assigned).toHaveLength(1);
  // Alone it is fastest.
  joined('four', 5);
  await grid.pass(60 * minute);
  expect(places()).toEqual(['four']);
});

test('nothing moves where who stays would have other layers to load', async () => {
  joined('one', 100, 4e8);
  joined('two', 110, 4e8);
  grid.deployments.deploy(large, automatic);
  await grid.pass(10 * minute);
  expect(places()).toEqual(['one', 'two']);
  // It has room for one layer.
  const three = joined('three', 5, 3.2e8);
  await grid.pass(60 * minute);
  expect(three.assigned).toEqual([]);
});

test('what is measured counts at once, though nothing else changes', () => {
  const worker = joined('one');
  const steps = (): number | undefined => grid.deployments.grid.workers.get(worker.id)?.tokenSteps.length;
  expect(steps()).toBe(0);
  measured(worker, 20);
  expect(steps()).toBe(1);
});

import type { DeploymentPlan } from '@potluck/api';
import { ModelId, PipelineId, type WorkerId } from '@potluck/protocol';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gridOf, gridWorker, placedModel, sha256Of } from '../testing/gridView.ts';
import type { PlacedModel } from './candidates.ts';
import type { GridView, GridWorker } from './gridView.ts';
import type { StageAt } from './layerRange.ts';
import { place, type Placement, type PlacementRequest } from './place.ts';
import type { Refusal } from './refusal.ts';
import { stageMemory, usualCacheTokens } from './stageMemory.ts';

const automatic: DeploymentPlan = { mode: 'automatic', replicas: 1 };
const shards = (count: number): DeploymentPlan => ({ mode: 'shards', count, replicas: 1 });

function placeOne(
  model: PlacedModel,
  grid: GridView | readonly GridWorker[],
  options: Partial<PlacementRequest> & { former?: readonly StageAt[] } = {},
): Placement | Refusal {
  const { former = [], plan = automatic, ...rest } = options;
  const view = 'workers' in grid ? grid : gridOf(grid);
  const { replicas } = place({ model, plan, grid: view, replicas: [former], nameOf: (id) => id, ...rest });
  return replicas[0] as Placement | Refusal;
}

const mustPlace = (...request: Parameters<typeof placeOne>): Placement => {
  const placed = placeOne(...request);
  if (!placed.ok) throw new Error(placed.message);
  return placed;
};
const mustRefuse = (...request: Parameters<typeof placeOne>): Refusal => {
  const placed = placeOne(...request);
  if (placed.ok) throw new Error('it has a place');
  return placed;
};

/** Such as `a 0-3`, by the workers' names. */
const shape = ({ stages }: Pick<Placement, 'stages'>, workers: readonly GridWorker[]): string[] =>
  stages.map(({ workerId, firstLayer, lastLayer }) => {
    const name = workers.find(({ id }) => id === workerId)?.name;
    return `${name} ${firstLayer}-${lastLayer}`;
  });
const counts = ({ stages }: Pick<Placement, 'stages'>): number[] =>
  stages.map(({ firstLayer, lastLayer }) => lastLayer - firstLayer + 1);

test('one worker that holds the model gets all of it', () => {
  const workers = [gridWorker('small', 500), gridWorker('large', 1000)];
  expect(shape(mustPlace(placedModel(8, 100), workers), workers)).toEqual(['large 0-7']);
});

test('ranges are within memory', () => {
  const placed = mustPlace(placedModel(9, 100), [gridWorker('a', 350), gridWorker('b', 650)]);
  expect(counts(placed).sort()).toEqual([3, 6]);
});

test('tied bytes count once where one worker has both ends', () => {
  const tied = placedModel(2, 100, { embeddingBytes: 10, headBytes: 20, tiedBytes: 300 });
  expect(placeOne(tied, [gridWorker('a', 530)]).ok).toBe(true);
  expect(placeOne(tied, [gridWorker('a', 529)]).ok).toBe(false);
  const [first, last] = [0, 1].map((layer) => stageMemory(tied)(layer, layer).weightBytes);
  expect([first, last]).toEqual([410, 420]);
});

test('a refusal says how much is needed and how much is offered', () => {
  const model = placedModel(4, 300e6);
  expect(mustRefuse(model, [gridWorker('a', 400e6), gridWorker('b', 500e6)])).toMatchObject({
    code: 'not-enough-memory',
    message: 'it needs 1.2 GB, devices offer 500 MB + 400 MB',
    neededBytes: 1.2e9,
    offeredBytes: 900e6,
  });
  expect(mustRefuse(model, [])).toMatchObject({
    code: 'no-workers',
    message: 'it needs 1.2 GB and no device is connected',
  });
  expect(mustRefuse(placedModel(4, 1), [gridWorker('a', 1e9)], { plan: shards(5) })).toMatchObject({
    code: 'too-many-stages',
  });
  const paused = gridWorker('a', 1e12, { unusable: 'is paused' });
  expect(mustRefuse(model, [paused]).message).toBe(
    'it needs 1.2 GB, and no device that has joined can run it; a is paused',
  );
});

test('where memory is enough in all and no split fits, a refusal says what each device must offer', () => {
  const model = placedModel(3, 100e6);
  const workers = ['a', 'b'].map((name) => gridWorker(name, 150e6));
  expect(mustRefuse(model, workers).message).toBe(
    'it needs 300 MB, devices offer 150 MB + 150 MB (but no split of the layers fits; with 200 MB on each device, one would)',
  );
  expect(placeOne(model, [gridWorker('a', 200e6), gridWorker('b', 200e6)]).ok).toBe(true);
  // Three layers in two parts on one device: each part has room for the larger one.
  const parts = placedModel(3, 100e6, { workingMemory: () => 50e6 });
  expect(mustRefuse(parts, [gridWorker('a', 360e6)], { plan: shards(2) }).message).toMatch(/500 MB on each/);
});

test('a refusal is short, however many workers there are and whatever they are called', () => {
  const workers = Array.from({ length: 1000 }, (_, index) =>
    gridWorker(`worker ${index} `.repeat(20), 1e6, index % 2 ? { unusable: 'is paused' } : {}),
  );
  const refusals = [
    mustRefuse(placedModel(80, 1e9), workers),
    mustRefuse(placedModel(80, 1e9), workers, { plan: shards(40) }),
    mustRefuse(placedModel(80, 1e9), workers, {
      plan: { mode: 'manual', stages: workers.slice(0, 80).map(({ id: nodeId }) => ({ nodeId })) },
    }),
    mustRefuse(placedModel(80, 1e9), [], {
      plan: { mode: 'manual', stages: workers.slice(0, 80).map(({ id: nodeId }) => ({ nodeId })) },
      nameOf: (id) => id.repeat(20),
    }),
  ];
  for (const { message } of refusals) expect(message.length).toBeLessThanOrEqual(300);
  expect(refusals[0]?.message).toMatch(
    /^it needs 80 GB, 500 devices offer 500 MB in total, 1 MB at most each/,
  );
});

test('where a heavy end decides, the rest is still shared evenly', () => {
  const heavy = placedModel(8, 100, { headBytes: 1000 });
  const placed = mustPlace(
    heavy,
    ['a', 'b', 'c'].map((name) => gridWorker(name, 1e4)),
    { plan: shards(3) },
  );
  expect([
    [4, 3, 1],
    [3, 4, 1],
  ]).toContainEqual(counts(placed));
});

test('equal workers are taken in the order of their names, however they came', () => {
  const named = ['local-2', 'local-10', 'local-1'].map((name) => gridWorker(name, 1e6));
  const names = (workers: GridWorker[]): string[] =>
    shape(mustPlace(placedModel(6, 100), workers, { plan: shards(3) }), named);
  expect(names(named)).toEqual(['local-1 0-1', 'local-10 2-3', 'local-2 4-5']);
  expect(names([...named].reverse())).toEqual(names(named));
});

test('forced stages go to distinct workers where there are enough, and else share them', () => {
  const workers = ['a', 'b', 'c', 'd'].map((name) => gridWorker(name, 1e6));
  const three = mustPlace(placedModel(8, 100), workers, { plan: shards(3) });
  expect(new Set(three.stages.map(({ workerId }) => workerId)).size).toBe(3);
  const shared = mustPlace(placedModel(8, 100), workers.slice(0, 2), { plan: shards(4) });
  expect(shape(shared, workers)).toEqual(['a 0-1', 'a 2-3', 'b 4-5', 'b 6-7']);
});

test('working memory is counted for each stage', () => {
  const { workingMemory: _, ...model } = placedModel(2, 100e6);
  expect(mustRefuse(model, [gridWorker('a', 380e6)])).toMatchObject({
    neededBytes: 320e6 + 64 * 1024 * 1024,
  });
  expect(placeOne(model, [gridWorker('a', 390e6)]).ok).toBe(true);
});

test('an embedding is no work: two equal workers read equally much, whatever it weighs', () => {
  // As Qwen3-0.6B in 4 bits: 28 layers, a float32 embedding, and a head of its own.
  const headBytes = 87e6;
  const layers = Array.from({ length: 28 }, (_, layer) => ({
    weightBytes: 9e6,
    stepBytes: 9e6 + (layer === 27 ? headBytes : 0),
    cacheBytesPerToken: 0,
    stateBytes: 0,
    boundary: [],
  }));
  const qwen = placedModel(0, 0, { layers, embeddingBytes: 622e6, headBytes });
  const two = (bytes: number): GridWorker[] => [gridWorker('a', bytes), gridWorker('b', bytes)];
  expect(counts(mustPlace(qwen, two(2e9), { plan: shards(2) }))).toEqual([19, 9]);
  // Where the embedding leaves no room for as many, bytes are the limit.
  expect(counts(mustPlace(qwen, two(650e6), { plan: shards(2) }))).toEqual([3, 25]);
});

test('layers go by speed: the slow get little of what must be split, and nothing of what need not be', () => {
  const model = placedModel(8, 100e6);
  const fast = gridWorker('fast', 1e9, { millisecondsPerByte: 1e-7 });
  const slow = gridWorker('slow', 2e9, { millisecondsPerByte: 5e-7 });
  const forced = mustPlace(model, [slow, fast], { plan: shards(2) });
  const at = ({ id }: GridWorker): number =>
    forced.stages.reduce(
      (sum, one) => sum + (one.workerId === id ? one.lastLayer - one.firstLayer + 1 : 0),
      0,
    );
  expect([at(slow), at(fast)]).toEqual([1, 7]);
  const alone = mustPlace(model, [slow, fast]);
  expect(shape(alone, [slow, fast])).toEqual(['fast 0-7']);
  expect(alone.reasons).toEqual(['left out, since they would slow it down: slow (5 times as slow)']);
  // What differs by less may be noise: equal devices under load.
  const noisy = gridWorker('noisy', 2e9, { millisecondsPerByte: 1.9e-7 });
  expect(shape(mustPlace(model, [noisy, fast]), [noisy, fast])).toEqual(['noisy 0-7']);
});

test('a second device is taken only where it saves time', () => {
  const model = placedModel(10, 1e9);
  const slow = gridWorker('slow', 20e9, { millisecondsPerByte: 1e-7 });
  const fast = (layers: number): GridWorker =>
    gridWorker('fast', layers * 1e9, { millisecondsPerByte: 1e-8 });
  const split = [fast(8), slow];
  expect(new Set(shape(mustPlace(model, split), split).map((one) => one.split(' ')[0]))).toEqual(
    new Set(['fast', 'slow']),
  );
  // Of a tenth of the layers, less than a tenth of the time is saved.
  const little = [fast(1), slow];
  expect(shape(mustPlace(model, little), little)).toEqual(['slow 0-9']);
});

test('a hidden tab counts as slow, and people are told', () => {
  const model = placedModel(8, 100e6);
  const device = { kind: 'webgpu', description: 'a GPU', float16: true } as const;
  const seen = gridWorker('seen', 1e9, { kind: 'browser', device, presence: 'visible' });
  const hidden = gridWorker('hidden', 2e9, { kind: 'browser', device, presence: 'hidden' });
  const placed = mustPlace(model, [hidden, seen]);
  expect(shape(placed, [hidden, seen])).toEqual(['seen 0-7']);
  expect(placed.reasons.join()).toMatch(/hidden \(3 times as slow: its tab is hidden\)/);
  expect(mustPlace(model, [hidden]).reasons).toEqual(['hidden counts as slow: its tab is hidden']);
});

test('workers that reach each other directly are preferred, in an order of short ways', () => {
  const model = placedModel(9, 100e6);
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => gridWorker(name, 350e6)) as [
    GridWorker,
    GridWorker,
    GridWorker,
    GridWorker,
  ];
  const near = { state: 'direct', roundTripMs: 1, bytesPerSecond: 1e8 } as const;
  const far = { state: 'relayed', roundTripMs: 80 } as const;
  const all = [a, b, c, d];
  const links = all.flatMap((from) =>
    all.flatMap((to): [GridWorker, GridWorker, typeof near | typeof far][] =>
      from === to ? [] : [[from, to, from === b || to === b ? far : near]],
    ),
  );
  const placed = mustPlace(model, gridOf(all, links));
  expect(new Set(placed.stages.map(({ workerId }) => workerId))).toEqual(new Set([a.id, c.id, d.id]));
  const without = mustPlace(model, gridOf([a, b, c], links));
  expect(without.reasons.filter((reason) => /through the hub/.test(reason))).toHaveLength(2);
});

test('who has the weights already is preferred among equals', () => {
  const packs = [{ sha256: sha256Of('weights'), size: 800e6 }];
  const model = placedModel(8, 100e6, { packs });
  const [a, b] = [
    gridWorker('a', 1e9),
    gridWorker('b', 1e9, { cachedBlobs: new Set([sha256Of('weights')]) }),
  ];
  expect(shape(mustPlace(model, [a, b]), [a, b])).toEqual(['b 0-7']);
});

test('caches of other models shrink before a model is refused', () => {
  const pipelineId = PipelineId.parse(randomUUID());
  const other = ModelId.parse('other');
  const reservations = [{ model: other, pipelineId, bytes: 900, reclaimableBytes: 600 }];
  const worker = gridWorker('a', 1000, { reservations });
  const model = placedModel(5, 100);
  expect(mustRefuse(model, [worker]).message).toBe(
    'it needs 500 B, devices offer 100 B; caches of other models hold 600 B that is free while they are not used',
  );
  const placed = mustPlace(model, [worker], { mayShrink: true });
  expect(placed.shrink).toEqual([{ workerId: worker.id, pipelineId, model: other, bytes: 400 }]);
  expect(placed.reasons).toEqual(['caches of other at a give 400 B back']);
  expect(mustPlace(placedModel(1, 100), [worker], { mayShrink: true }).shrink).toEqual([]);
  // What a pipeline has itself is free where it is replaced.
  expect(placeOne(model, [worker], { replaced: new Set([pipelineId]) }).ok).toBe(true);
});

test('a plan by hand waits for its nodes, also where none that is here may have a stage', () => {
  const here = gridWorker('here', 1000);
  const barred = new Map([[here.id, 'is paused']]);
  const plan: DeploymentPlan = { mode: 'manual', stages: [{ nodeId: randomUUID() }] };
  expect(mustRefuse(placedModel(2, 100), [here], { plan, barred })).toMatchObject({
    code: 'nodes-away',
    message: expect.stringMatching(/^waiting for 1 of its nodes: .*; here is paused$/) as string,
  });
  expect(mustRefuse(placedModel(2, 100), [here], { barred })).toMatchObject({
    code: 'no-workers',
    message: expect.stringMatching(/no device that has joined can run it; here is paused$/) as string,
  });
});

test('replicas are on different workers', () => {
  const workers = ['a', 'b', 'c'].map((name) => gridWorker(name, 1000));
  const request = { model: placedModel(8, 100), plan: automatic, grid: gridOf(workers), nameOf: String };
  const { replicas } = place({ ...request, replicas: [[], [], []] });
  expect(replicas.map((one) => (one.ok ? shape(one, workers) : one.message))).toEqual([
    ['a 0-7'],
    ['b 0-7'],
    ['c 0-7'],
  ]);
  const many = place({ ...request, replicas: [[], [], [], []] }).replicas;
  expect(many.at(-1)).toMatchObject({ ok: false, code: 'no-workers' });
  // What one has kept, no other takes.
  const kept = [{ workerId: (workers[0] as GridWorker).id, firstLayer: 0, lastLayer: 7 }];
  const beside = place({ ...request, replicas: [[], kept] }).replicas;
  expect(beside.map((one) => (one.ok ? shape(one, workers) : one.message))).toEqual([['b 0-7'], ['a 0-7']]);
});

test('forced stages that share a worker go to one that has none, cut as they are', () => {
  const [a, b] = [gridWorker('a', 1000), gridWorker('b', 1000)];
  const former = [
    { workerId: a.id, firstLayer: 0, lastLayer: 4 },
    { workerId: a.id, firstLayer: 5, lastLayer: 7 },
  ];
  const placed = mustPlace(placedModel(8, 100), [a, b], { plan: shards(2), former });
  expect(shape(placed, [a, b])).toEqual(['a 0-4', 'b 5-7']);
  // Without room for a stage as it is, a smaller one does.
  const small = gridWorker('small', 250);
  const anew = mustPlace(placedModel(8, 100), [a, small], { plan: shards(2), former });
  expect(new Set(anew.stages.map(({ workerId }) => workerId)).size).toBe(2);
});

const anyModel = fc
  .record({
    layers: fc.array(
      fc.record({ weightBytes: fc.nat(1000), cacheBytesPerToken: fc.nat(3), stateBytes: fc.nat(50) }),
      { minLength: 1, maxLength: 24 },
    ),
    tiedBytes: fc.nat(500),
    embeddingBytes: fc.nat(500),
    headBytes: fc.nat(500),
    contextLength: fc.integer({ min: 1, max: 2000 }),
    shared: fc.array(
      fc.record({ bytes: fc.nat(300), places: fc.array(fc.nat(100), { minLength: 2, maxLength: 4 }) }),
      { maxLength: 3 },
    ),
  })
  .map(({ shared, ...sizes }) =>
    placedModel(0, 0, {
      ...sizes,
      sharedWeights: shared.map(({ bytes, places }) => ({
        bytes,
        parts: places.map((part) => part % sizes.layers.length),
      })),
      layers: sizes.layers.map((layer) => ({ ...layer, boundary: [] })),
    }),
  );
const anyWorkers = fc
  .array(
    fc.record({
      memory: fc.integer({ min: 1, max: 20_000 }),
      pace: fc.option(fc.constantFrom(1e-7, 1e-6, 1e-4), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((all) =>
    all.map(({ memory, pace }, index) =>
      gridWorker(`w${index}`, memory, pace === undefined ? {} : { millisecondsPerByte: pace }),
    ),
  );

test('a placement covers every layer once, in order, and no worker holds more than it offers', () => {
  let placements = 0;
  fc.assert(
    fc.property(
      anyModel,
      anyWorkers,
      fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
      (model, workers, stages) => {
        const placed = placeOne(model, workers, { plan: stages === undefined ? automatic : shards(stages) });
        if (!placed.ok) return;
        placements++;
        if (stages !== undefined) expect(placed.stages).toHaveLength(stages);
        expectSound(model, workers, placed);
      },
    ),
    { numRuns: 500 },
  );
  expect(placements).toBeGreaterThan(100);
});

function expectSound(model: PlacedModel, workers: readonly GridWorker[], { stages }: Placement): void {
  let next = 0;
  const held = new Map<WorkerId, number>();
  for (const { firstLayer, lastLayer, workerId, memoryBytes } of stages) {
    expect(firstLayer).toBe(next);
    expect(lastLayer).toBeGreaterThanOrEqual(firstLayer);
    next = lastLayer + 1;
    const { weightBytes, cacheBytes } = stageMemory(model, model.workingMemory)(firstLayer, lastLayer);
    expect(memoryBytes).toBeGreaterThanOrEqual(weightBytes + cacheBytes);
    held.set(workerId, (held.get(workerId) ?? 0) + memoryBytes);
  }
  expect(next).toBe(model.layers.length);
  for (const [id, bytes] of held) {
    expect(bytes).toBeLessThanOrEqual(workers.find((one) => one.id === id)?.memory.offeredBytes ?? 0);
  }
}

test('a model that the largest worker holds with a usual conversation is never refused, and not split among equals', () => {
  fc.assert(
    fc.property(anyModel, anyWorkers, (model, workers) => {
      const roomy = stageMemory({ ...model, cacheTokens: usualCacheTokens }, model.workingMemory);
      const { weightBytes, cacheBytes } = roomy(0, model.layers.length - 1);
      const large = gridWorker('large', weightBytes + cacheBytes + 20_001);
      expect(placeOne(model, [...workers, large]).ok).toBe(true);
      const equals = [...workers, large].map((worker) => ({ ...worker, tokenSteps: [] }));
      expect(mustPlace(model, equals).stages).toHaveLength(1);
    }),
  );
});

test('more memory never turns a placement into a refusal', () => {
  fc.assert(
    fc.property(anyModel, anyWorkers, (model, workers) => {
      fc.pre(placeOne(model, workers).ok);
      const doubled = workers.map(({ memory, ...worker }) => ({
        ...worker,
        memory: { ...memory, offeredBytes: 2 * memory.offeredBytes },
      }));
      expect(placeOne(model, doubled).ok).toBe(true);
    }),
  );
});

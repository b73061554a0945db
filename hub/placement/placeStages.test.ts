import { randomUUID } from 'node:crypto';
import { WorkerId } from '@potluck/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { relativePaces } from './paces.ts';
import { placeStages as place, type Placement, type PlacementWorker } from './placeStages.ts';
import { stageMemory, type SizedModel } from './stageMemory.ts';
import { stepWork } from './stepWork.ts';

const workingMemory = (): number => 0;
const placeStages = (
  sizes: SizedModel,
  workers: PlacementWorker[],
  options: { stages?: number } = {},
): Placement => place(sizes, workers, { workingMemory, ...options });

const worker = (memoryBytes: number): PlacementWorker => ({
  id: WorkerId.parse(randomUUID()),
  name: `worker of ${memoryBytes}`,
  memoryBytes,
});

const model = (layerCount: number, layerBytes: number, ends: Partial<SizedModel> = {}): SizedModel => ({
  layers: Array.from({ length: layerCount }, () => ({
    weightBytes: layerBytes,
    cacheBytesPerToken: 0,
    stateBytes: 0,
    boundary: [],
  })),
  embeddingBytes: 0,
  headBytes: 0,
  tiedBytes: 0,
  sharedWeights: [],
  contextLength: 4096,
  ...ends,
});

test('one worker that holds the model gets all of it', () => {
  const large = worker(1000);
  expect(placeStages(model(8, 100), [worker(500), large])).toMatchObject({
    ok: true,
    stages: [{ workerId: large.id, firstLayer: 0, lastLayer: 7 }],
  });
});

test('ranges are in proportion to memory', () => {
  const placement = placeStages(model(9, 100), [worker(350), worker(650)]);
  expect(
    placement.ok && placement.stages.map((stage) => stage.lastLayer - stage.firstLayer + 1).sort(),
  ).toEqual([3, 6]);
});

test('tied bytes count once where one worker has both ends', () => {
  const tied = model(2, 100, { embeddingBytes: 10, headBytes: 20, tiedBytes: 300 });
  expect(placeStages(tied, [worker(530)]).ok).toBe(true);
  expect(placeStages(tied, [worker(529)]).ok).toBe(false);
  const [first, last] = [0, 1].map((layer) => stageMemory(tied)(layer, layer).weightBytes);
  expect([first, last]).toEqual([410, 420]);
});

test('a refusal says how much is needed and how much is offered', () => {
  expect(placeStages(model(4, 300e6), [worker(400e6), worker(500e6)])).toMatchObject({
    ok: false,
    code: 'not-enough-memory',
    message: 'the model needs 1.2 GB, workers offer 500 MB + 400 MB',
    neededBytes: 1.2e9,
    offeredBytes: 900e6,
  });
  expect(placeStages(model(4, 300e6), [])).toMatchObject({ ok: false, code: 'no-workers' });
  expect(placeStages(model(4, 1), [worker(1e9)], { stages: 5 })).toMatchObject({
    ok: false,
    code: 'too-many-stages',
  });
});

test('where a heavy end decides, the rest is still shared evenly', () => {
  const heavy = model(8, 100, { headBytes: 1000 });
  const placement = placeStages(heavy, [worker(1e4), worker(1e4), worker(1e4)], { stages: 3 });
  const counts = placement.ok && placement.stages.map((stage) => stage.lastLayer - stage.firstLayer + 1);
  expect([
    [4, 3, 1],
    [3, 4, 1],
  ]).toContainEqual(counts);
});

test('equal workers are taken in the order of their names, however they came', () => {
  const named = ['local-2', 'local-10', 'local-1'].map((name) => ({ ...worker(1e6), name }));
  const names = (workers: PlacementWorker[]): unknown => {
    const placement = placeStages(model(6, 100), workers, { stages: 3 });
    return (
      placement.ok && placement.stages.map(({ workerId }) => named.find(({ id }) => id === workerId)?.name)
    );
  };
  expect(names(named)).toEqual(['local-1', 'local-10', 'local-2']);
  expect(names([...named].reverse())).toEqual(names(named));
});

test('forced stages go to distinct workers where there are enough', () => {
  const placement = placeStages(model(8, 100), [worker(1e6), worker(1e6), worker(1e6), worker(1e6)], {
    stages: 3,
  });
  expect(placement.ok && new Set(placement.stages.map((stage) => stage.workerId)).size).toBe(3);
});

test('forced stages share a worker where there are too few', () => {
  const workers = [worker(1e6), worker(1e6)];
  const placement = placeStages(model(8, 100), workers, { stages: 4 });
  expect(placement.ok && placement.stages.map((stage) => [stage.firstLayer, stage.lastLayer])).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
    [6, 7],
  ]);
  expect(placement.ok && new Set(placement.stages.map((stage) => stage.workerId)).size).toBe(2);
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
  .map(({ shared, ...sizes }): SizedModel => ({
    ...sizes,
    sharedWeights: shared.map(({ bytes, places }) => ({
      bytes,
      parts: places.map((place) => place % sizes.layers.length),
    })),
    layers: sizes.layers.map((layer) => ({ ...layer, boundary: [] })),
  }));
const anyWorkers = fc.array(fc.integer({ min: 1, max: 20_000 }).map(worker), { minLength: 1, maxLength: 6 });

test('a placement covers every layer once, in order, and no worker holds more than it offers', () => {
  fc.assert(
    fc.property(
      anyModel,
      anyWorkers,
      fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
      (sizes, workers, stages) => {
        const placement = placeStages(sizes, workers, stages === undefined ? {} : { stages });
        if (!placement.ok) return;
        if (stages !== undefined) expect(placement.stages).toHaveLength(stages);
        let next = 0;
        const held = new Map<WorkerId, number>();
        for (const stage of placement.stages) {
          expect(stage.firstLayer).toBe(next);
          expect(stage.lastLayer).toBeGreaterThanOrEqual(stage.firstLayer);
          next = stage.lastLayer + 1;
          const { weightBytes, cacheBytes } = stageMemory(sizes, workingMemory)(
            stage.firstLayer,
            stage.lastLayer,
          );
          expect(stage.memoryBytes).toBe(weightBytes + cacheBytes);
          held.set(stage.workerId, (held.get(stage.workerId) ?? 0) + stage.memoryBytes);
        }
        expect(next).toBe(sizes.layers.length);
        for (const [id, bytes] of held) {
          expect(bytes).toBeLessThanOrEqual(
            workers.find((candidate) => candidate.id === id)?.memoryBytes ?? 0,
          );
        }
      },
    ),
  );
});

test('a model that the largest worker holds is never split or refused', () => {
  fc.assert(
    fc.property(anyModel, anyWorkers, (sizes, workers) => {
      const { weightBytes, cacheBytes } = stageMemory(sizes, workingMemory)(0, sizes.layers.length - 1);
      const placement = placeStages(sizes, [...workers, worker(weightBytes + cacheBytes + 20_001)]);
      expect(placement.ok && placement.stages.length).toBe(1);
    }),
  );
});

test('more memory never turns a placement into a refusal', () => {
  fc.assert(
    fc.property(anyModel, anyWorkers, (sizes, workers) => {
      fc.pre(placeStages(sizes, workers).ok);
      const doubled = workers.map((one) => ({ ...one, memoryBytes: one.memoryBytes * 2 }));
      expect(placeStages(sizes, doubled).ok).toBe(true);
    }),
  );
});

test('working memory is counted for each stage', () => {
  const sizes = model(2, 100e6);
  expect(place(sizes, [worker(380e6)])).toMatchObject({ ok: false, neededBytes: 320e6 + 64 * 1024 * 1024 });
  expect(place(sizes, [worker(390e6)])).toMatchObject({ ok: true });
});

test('an embedding is no work: two equal workers read equally much, whatever it weighs', () => {
  // As Qwen3-0.6B in 4 bits: 28 layers, a float32 embedding, and a head of its own.
  const embeddingBytes = 622e6;
  const headBytes = 87e6;
  const layers = Array.from({ length: 28 }, (_, layer) => ({
    weightBytes: 9e6,
    stepBytes: 9e6 + (layer === 27 ? headBytes : 0),
    cacheBytesPerToken: 0,
    stateBytes: 0,
    boundary: [],
  }));
  const qwen: SizedModel = { ...model(0, 0), layers, embeddingBytes, headBytes };
  const placement = placeStages(qwen, [worker(2e9), worker(2e9)], { stages: 2 });
  expect(
    placement.ok && placement.stages.map(({ firstLayer, lastLayer }) => [firstLayer, lastLayer]),
  ).toEqual([
    [0, 18],
    [19, 27],
  ]);
  // Where the embedding leaves no room for as many, bytes are the limit.
  const tight = placeStages(qwen, [worker(650e6), worker(650e6)], { stages: 2 });
  expect(tight.ok && tight.stages.map(({ lastLayer }) => lastLayer)).toEqual([2, 27]);
});

test('a worker that was measured to be slower gets less to do', () => {
  const slow = { ...worker(1e4), millisecondsPerByte: 3 };
  const fast = { ...worker(1e4), millisecondsPerByte: 1 };
  const placement = placeStages(model(8, 100), [slow, fast], { stages: 2 });
  const countAt = (id: WorkerId): number =>
    (placement.ok ? placement.stages : [])
      .filter(({ workerId }) => workerId === id)
      .reduce((sum, { firstLayer, lastLayer }) => sum + lastLayer - firstLayer + 1, 0);
  expect([countAt(slow.id), countAt(fast.id)]).toEqual([2, 6]);
});

test('the slowest stage is as fast as any order and any cut that fits can make it', () => {
  const anyPaced = fc
    .record({ memory: fc.integer({ min: 100, max: 4000 }), pace: fc.constantFrom(1, 3, 7) })
    .map(({ memory, pace }): PlacementWorker => ({ ...worker(memory), millisecondsPerByte: pace }));
  const small = fc.record({
    layers: fc.array(fc.record({ weightBytes: fc.nat(500), stepBytes: fc.nat(500) }), {
      minLength: 3,
      maxLength: 7,
    }),
    embeddingBytes: fc.nat(800),
    headBytes: fc.nat(800),
  });
  let placed = 0;
  fc.assert(
    fc.property(small, fc.array(anyPaced, { minLength: 2, maxLength: 3 }), (sizes, workers) => {
      const layers = sizes.layers.map((layer) => ({
        ...layer,
        cacheBytesPerToken: 0,
        stateBytes: 0,
        boundary: [],
      }));
      const sized: SizedModel = { ...model(0, 0), ...sizes, layers };
      const placement = placeStages(sized, workers, { stages: workers.length });
      // Without room for one stage each, fewer workers hold them.
      if (!placement.ok || new Set(placement.stages.map(({ workerId }) => workerId)).size < workers.length)
        return;
      placed++;
      const paces = relativePaces(workers.map(({ millisecondsPerByte }) => millisecondsPerByte));
      const paceOf = new Map(workers.map(({ id }, index) => [id, paces[index] ?? 1]));
      const slowest = (
        stages: readonly { workerId: WorkerId; firstLayer: number; lastLayer: number }[],
      ): number =>
        Math.max(
          ...stages.map(
            ({ workerId, firstLayer, lastLayer }) =>
              (paceOf.get(workerId) ?? 1) * stepWork(sized)(firstLayer, lastLayer),
          ),
        );
      const best = Math.min(...everyPlacement(sized, workers).map(slowest));
      expect(slowest(placement.stages)).toBeLessThanOrEqual(best * (1 + 1e-9));
    }),
    { numRuns: 300 },
  );
  expect(placed).toBeGreaterThan(20);
});

/** All orders of the workers and all cuts with a stage for each that fit. */
function everyPlacement(
  sized: SizedModel,
  workers: readonly PlacementWorker[],
  from = 0,
): { workerId: WorkerId; firstLayer: number; lastLayer: number }[][] {
  const lastLayer = sized.layers.length - 1;
  return workers.flatMap((one) => {
    const others = workers.filter((other) => other !== one);
    const ends =
      others.length === 0 ? [lastLayer] : Array.from({ length: lastLayer - from }, (_, at) => from + at);
    return ends.flatMap((end) => {
      if (end < from || stageMemory(sized, workingMemory)(from, end).weightBytes > one.memoryBytes) return [];
      const own = { workerId: one.id, firstLayer: from, lastLayer: end };
      return others.length === 0
        ? [[own]]
        : everyPlacement(sized, others, end + 1).map((rest) => [own, ...rest]);
    });
  });
}

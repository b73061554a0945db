import { randomUUID } from 'node:crypto';
import { WorkerId } from '@potluck/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeStages, type PlacedStage, type PlacementWorker } from './placeStages.ts';
import { repairStages } from './repairStages.ts';
import type { SizedModel } from './stageMemory.ts';

const workingMemory = (): number => 0;

const worker = (name: string, memoryBytes: number, millisecondsPerByte?: number): PlacementWorker => ({
  id: WorkerId.parse(randomUUID()),
  name,
  memoryBytes,
  millisecondsPerByte,
});

const model = (layerCount: number): SizedModel => ({
  layers: Array.from({ length: layerCount }, () => ({
    weightBytes: 100,
    cacheBytesPerToken: 0,
    stateBytes: 0,
    boundary: [],
  })),
  embeddingBytes: 0,
  headBytes: 0,
  tiedBytes: 0,
  sharedWeights: [],
  contextLength: 100,
});

/** Two layers a stage. */
const stagesAt = (...workers: PlacementWorker[]) =>
  workers.map(({ id }, index) => ({ workerId: id, firstLayer: 2 * index, lastLayer: 2 * index + 1 }));

const shape = (stages: readonly PlacedStage[] | undefined, workers: readonly PlacementWorker[]) =>
  stages?.map(({ workerId, firstLayer, lastLayer }) => {
    const name = workers.find(({ id }) => id === workerId)?.name;
    return `${name} ${firstLayer}-${lastLayer}`;
  });

test('a worker without a stage takes what was lost, and the others keep what they have', () => {
  const [a, b, c] = [worker('a', 300), worker('b', 300), worker('c', 300)];
  const [idle, small] = [worker('idle', 200), worker('small', 199)];
  const here = [a, c, small, idle];
  const repaired = repairStages(model(6), stagesAt(a, b, c), here, { keepsCount: false, workingMemory });
  expect(shape(repaired, here)).toEqual(['a 0-1', 'idle 2-3', 'c 4-5']);
});

test('of several, the one that is soonest done takes it', () => {
  const [a, b] = [worker('a', 300), worker('b', 300)];
  const here = [a, worker('slow', 900, 3), worker('fast', 300, 1)];
  const repaired = repairStages(model(4), stagesAt(a, b), here, { keepsCount: true, workingMemory });
  expect(shape(repaired, here)).toEqual(['a 0-1', 'fast 2-3']);
});

test('neighbours share the layers where nobody is idle, each within its memory', () => {
  const [a, b, c] = [worker('a', 900), worker('b', 300), worker('c', 900)];
  const repair = (...here: PlacementWorker[]) =>
    shape(repairStages(model(6), stagesAt(a, b, c), here, { keepsCount: false, workingMemory }), here);
  expect(repair(a, c)).toEqual(['a 0-2', 'c 3-5']);
  const full = { ...a, memoryBytes: 200 };
  expect(repair(full, c)).toEqual(['a 0-1', 'c 2-5']);
  expect(repair(full, { ...c, memoryBytes: 300 })).toBeUndefined();
  // The end of a pipeline has one neighbour.
  expect(repair(b, c)).toBeUndefined();
  expect(repair({ ...b, memoryBytes: 400 }, c)).toEqual(['b 0-3', 'c 4-5']);
});

test('forced stages keep their number: a worker with room takes one more', () => {
  const [a, b, c] = [worker('a', 300), worker('b', 300), worker('c', 400)];
  const here = [a, c];
  const repaired = repairStages(model(6), stagesAt(a, b, c), here, { keepsCount: true, workingMemory });
  expect(shape(repaired, here)).toEqual(['a 0-1', 'c 2-3', 'c 4-5']);
});

test('nothing is repaired where nobody is left', () => {
  const here = [worker('new', 9000)];
  const former = stagesAt(worker('gone', 1));
  expect(repairStages(model(2), former, here, { keepsCount: false, workingMemory })).toBeUndefined();
});

test('a repair covers every layer once, breaks no budget, and moves no layer whose worker is here', () => {
  let repairs = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 12 }),
      fc.array(fc.integer({ min: 100, max: 900 }), { minLength: 2, maxLength: 6 }),
      fc.array(fc.nat(5), { minLength: 1, maxLength: 3 }),
      fc.array(fc.integer({ min: 50, max: 900 }), { maxLength: 2 }),
      fc.boolean(),
      (layerCount, memories, losses, newcomers, keepsCount) => {
        const workers = memories.map((memory, index) => worker(`w${index}`, memory));
        const placement = placeStages(model(layerCount), workers, { workingMemory });
        if (!placement.ok) return;
        const gone = new Set(losses.map((place) => workers[place % workers.length]?.id));
        const here = [
          ...workers.filter(({ id }) => !gone.has(id)),
          ...newcomers.map((memory, index) => worker(`n${index}`, memory)),
        ];
        const former = placement.stages;
        const repaired = repairStages(model(layerCount), former, here, { keepsCount, workingMemory });
        if (!repaired) return;
        repairs++;
        const ownerOf = (stages: readonly PlacedStage[], layer: number) =>
          stages.filter((stage) => stage.firstLayer <= layer && stage.lastLayer >= layer);
        for (let layer = 0; layer < layerCount; layer++) {
          const now = ownerOf(repaired, layer);
          expect(now).toHaveLength(1);
          const [before] = ownerOf(former, layer);
          if (before && !gone.has(before.workerId)) expect(now[0]?.workerId).toBe(before.workerId);
        }
        expect(repaired.map(({ firstLayer }) => firstLayer)).toEqual(
          repaired.map(({ firstLayer }) => firstLayer).sort((one, other) => one - other),
        );
        if (keepsCount) expect(repaired).toHaveLength(former.length);
        for (const { id, memoryBytes } of here) {
          const held = repaired
            .filter(({ workerId }) => workerId === id)
            .reduce((sum, stage) => sum + stage.memoryBytes, 0);
          expect(held).toBeLessThanOrEqual(memoryBytes);
        }
      },
    ),
    { numRuns: 500 },
  );
  expect(repairs).toBeGreaterThan(20);
});

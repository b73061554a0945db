import type { WorkerId } from '@potluck/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gridOf, gridWorker, placedModel } from '../testing/gridView.ts';
import { findCandidates } from './candidates.ts';
import { chooseStages, type Choosing } from './chooseStages.ts';
import type { GridWorker } from './gridView.ts';
import { layerTable } from './layerTable.ts';
import type { StageAt } from './layerRange.ts';
import { heldBytes, repairStages } from './repairStages.ts';

const worker = (name: string, memoryBytes: number, millisecondsPerByte?: number): GridWorker =>
  gridWorker(name, memoryBytes, millisecondsPerByte === undefined ? {} : { millisecondsPerByte });

/** Layers of 100 bytes, and workers to choose from. */
function choosing(layerCount: number, here: readonly GridWorker[]): Choosing {
  const model = placedModel(layerCount, 100);
  const grid = gridOf(here);
  const { candidates } = findCandidates(grid, model, {});
  return { grid, layers: layerTable(model), candidates, effort: { ranges: 0 }, mostRanges: Infinity };
}

/** Two layers a stage. */
const stagesAt = (...workers: GridWorker[]): StageAt[] =>
  workers.map(({ id }, index) => ({ workerId: id, firstLayer: 2 * index, lastLayer: 2 * index + 1 }));

const shape = (stages: readonly StageAt[] | undefined, workers: readonly GridWorker[]) =>
  stages?.map(({ workerId, firstLayer, lastLayer }) => {
    const name = workers.find(({ id }) => id === workerId)?.name;
    return `${name} ${firstLayer}-${lastLayer}`;
  });

test('a worker without a stage takes what was lost, and the others keep what they have', () => {
  const [a, b, c] = [worker('a', 300), worker('b', 300), worker('c', 300)];
  const [idle, small] = [worker('idle', 200), worker('small', 199)];
  const here = [a, c, small, idle];
  const repaired = repairStages(choosing(6, here), stagesAt(a, b, c), { keepsCount: false });
  expect(shape(repaired, here)).toEqual(['a 0-1', 'idle 2-3', 'c 4-5']);
});

test('of several, the one that is soonest done takes it', () => {
  const [a, b] = [worker('a', 300), worker('b', 300)];
  const here = [a, worker('slow', 900, 3), worker('fast', 300, 1)];
  const repaired = repairStages(choosing(4, here), stagesAt(a, b), { keepsCount: true });
  expect(shape(repaired, here)).toEqual(['a 0-1', 'fast 2-3']);
});

test('neighbours share the layers where nobody is idle, each within its memory', () => {
  const [a, b, c] = [worker('a', 900), worker('b', 300), worker('c', 900)];
  const repair = (...here: GridWorker[]) =>
    shape(repairStages(choosing(6, here), stagesAt(a, b, c), { keepsCount: false }), here);
  expect(repair(a, c)).toEqual(['a 0-2', 'c 3-5']);
  const full = { ...a, memory: { ...a.memory, offeredBytes: 200 } };
  expect(repair(full, c)).toEqual(['a 0-1', 'c 2-5']);
  expect(repair(full, { ...c, memory: { ...c.memory, offeredBytes: 300 } })).toBeUndefined();
  // The end of a pipeline has one neighbour.
  expect(repair(b, c)).toBeUndefined();
  expect(repair({ ...b, memory: { ...b.memory, offeredBytes: 400 } }, c)).toEqual(['b 0-3', 'c 4-5']);
});

test('forced stages keep their number: a worker with room takes one more', () => {
  const [a, b, c] = [worker('a', 300), worker('b', 300), worker('c', 400)];
  const here = [a, c];
  const repaired = repairStages(choosing(6, here), stagesAt(a, b, c), { keepsCount: true });
  expect(shape(repaired, here)).toEqual(['a 0-1', 'c 2-3', 'c 4-5']);
});

test('nothing is repaired where nobody is left', () => {
  const here = [worker('new', 9000)];
  const former = stagesAt(worker('gone', 1));
  expect(repairStages(choosing(2, here), former, { keepsCount: false })).toBeUndefined();
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
        const choice = chooseStages(choosing(layerCount, workers));
        if (!choice) return;
        const gone = new Set(losses.map((place) => workers[place % workers.length]?.id));
        const here = [
          ...workers.filter(({ id }) => !gone.has(id)),
          ...newcomers.map((memory, index) => worker(`n${index}`, memory)),
        ];
        const former = choice.cut.ranges.map((range, index) => ({
          workerId: choice.order[index]?.id as WorkerId,
          ...range,
        }));
        const repaired = repairStages(choosing(layerCount, here), former, { keepsCount });
        if (!repaired) return;
        repairs++;
        const ownerOf = (stages: readonly StageAt[], layer: number) =>
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
        for (const { id, memory } of here) {
          const held = heldBytes(choosing(layerCount, here).layers, repaired, id);
          expect(held).toBeLessThanOrEqual(memory.offeredBytes);
        }
      },
    ),
    { numRuns: 500 },
  );
  expect(repairs).toBeGreaterThan(20);
});

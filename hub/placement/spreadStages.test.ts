import type { WorkerId } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { gridOf, gridWorker, placedModel } from '../testing/gridView.ts';
import { findCandidates } from './candidates.ts';
import type { GridWorker } from './gridView.ts';
import { layerTable } from './layerTable.ts';
import type { StageAt } from './layerRange.ts';
import { spreadStages } from './spreadStages.ts';

const worker = (name: string, memoryBytes = 100): GridWorker => gridWorker(name, memoryBytes);
/** Two layers a stage, of ten bytes each. */
const stagesAt = (...workers: GridWorker[]): StageAt[] =>
  workers.map(({ id }, index) => ({ workerId: id, firstLayer: 2 * index, lastLayer: 2 * index + 1 }));

function spread(stages: readonly StageAt[], here: readonly GridWorker[]): StageAt[] {
  const model = placedModel((stages.at(-1)?.lastLayer ?? 0) + 1, 10);
  return spreadStages(
    { layers: layerTable(model), candidates: findCandidates(gridOf(here), model, {}).candidates },
    stages,
  );
}

test('who has most gives to who has none, and no cut changes', () => {
  const [a, b, c, d] = [worker('a'), worker('b'), worker('c'), worker('d')];
  const moved = spread(stagesAt(a, a, a, b), [a, b, c, d]);
  expect(moved.map(({ workerId }) => workerId)).toEqual([a.id, d.id, c.id, b.id]);
  expect(moved.map(({ firstLayer, lastLayer }) => [firstLayer, lastLayer])).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
    [6, 7],
  ]);
});

test('who has no room for a stage gets none, and nobody gives the only one', () => {
  const [a, b] = [worker('a'), worker('b')];
  const where = (stages: { workerId: WorkerId }[]): WorkerId[] => stages.map(({ workerId }) => workerId);
  expect(where(spread(stagesAt(a, a), [a, worker('small', 19)]))).toEqual([a.id, a.id]);
  expect(where(spread(stagesAt(a, b), [a, b, worker('idle')]))).toEqual([a.id, b.id]);
});

test('the fastest idle worker comes first, and takes what makes the slower of both fastest', () => {
  const paced = (name: string, millisecondsPerByte: number, memoryBytes = 100): GridWorker =>
    gridWorker(name, memoryBytes, { millisecondsPerByte });
  // Most memory, and eight times as slow.
  const [owner, slow, fast] = [paced('owner', 0.1), paced('slow', 0.8, 1000), paced('fast', 0.1)];
  const moved = spread(stagesAt(owner, owner), [owner, slow, fast]);
  expect(moved.map(({ workerId }) => workerId)).toEqual([owner.id, fast.id]);
  const uneven: StageAt[] = [
    { workerId: owner.id, firstLayer: 0, lastLayer: 4 },
    { workerId: owner.id, firstLayer: 5, lastLayer: 5 },
  ];
  expect(spread(uneven, [owner, slow]).map(({ workerId }) => workerId)).toEqual([owner.id, slow.id]);
  expect(spread(uneven, [fast, { ...slow, id: owner.id }])[0]?.workerId).toBe(fast.id);
});

import { randomUUID } from 'node:crypto';
import { WorkerId } from '@potluck/protocol';
import { expect, test } from 'vitest';
import type { PlacementWorker } from './placeStages.ts';
import { spreadStages } from './spreadStages.ts';

const worker = (name: string, memoryBytes = 100): PlacementWorker => ({
  id: WorkerId.parse(randomUUID()),
  name,
  memoryBytes,
});
/** Two layers a stage, of ten bytes each. */
const stagesAt = (...workers: PlacementWorker[]) =>
  workers.map(({ id }, index) => ({ workerId: id, firstLayer: 2 * index, lastLayer: 2 * index + 1 }));
const bytesOf = (firstLayer: number, lastLayer: number): number => 10 * (lastLayer - firstLayer + 1);

test('who has most gives to who has none, and no cut changes', () => {
  const [a, b, c, d] = [worker('a'), worker('b'), worker('c'), worker('d')];
  const spread = spreadStages(stagesAt(a, a, a, b), [c, d], bytesOf);
  expect(spread.map(({ workerId }) => workerId)).toEqual([a.id, d.id, c.id, b.id]);
  expect(spread.map(({ firstLayer, lastLayer }) => [firstLayer, lastLayer])).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
    [6, 7],
  ]);
});

test('who has no room for a stage gets none, and nobody gives the only one', () => {
  const [a, b] = [worker('a'), worker('b')];
  const where = (stages: { workerId: WorkerId }[]): WorkerId[] => stages.map(({ workerId }) => workerId);
  expect(where(spreadStages(stagesAt(a, a), [worker('small', 19)], bytesOf))).toEqual([a.id, a.id]);
  expect(where(spreadStages(stagesAt(a, b), [worker('idle')], bytesOf))).toEqual([a.id, b.id]);
});

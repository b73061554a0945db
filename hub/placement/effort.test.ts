import type { DeploymentPlan } from '@potluck/api';
import { expect, test } from 'vitest';
import { largeGrid, largeModel, largeModels } from '../testing/largeGrid.ts';
import { place, type PlacementResult } from './place.ts';
import type { PlacedModel } from './candidates.ts';

const placeIn = (
  model: PlacedModel,
  seed: number,
  plan: DeploymentPlan = { mode: 'automatic', replicas: 1 },
): PlacementResult => place({ model, grid: largeGrid(seed), plan, replicas: [[]], nameOf: String });

test('among a thousand workers, few of all ranges of 80 layers are looked at, and none for what can’t fit', () => {
  for (const seed of [1, 2, 3]) {
    for (const model of largeModels) {
      const { replicas, effort } = placeIn(model, seed);
      expect(replicas[0]).toMatchObject({ ok: true });
      expect(effort).toBeLessThan(1_000_000);
    }
    const { replicas, effort } = placeIn(largeModel('too-large', 50e12), seed);
    expect(replicas[0]).toMatchObject({ ok: false });
    expect(effort).toBe(0);
  }
});

test('any number of stages among a thousand workers is found with no more effort', () => {
  for (const model of largeModels.slice(0, 3)) {
    for (const count of [10, 20, 40, 80]) {
      const { replicas, effort } = placeIn(model, 1, { mode: 'shards', count, replicas: 1 });
      expect(replicas[0]).toMatchObject({ ok: true, stages: { length: count } });
      expect(effort).toBeLessThan(1_000_000);
    }
  }
});

import { expect, test } from 'vitest';
import { largeGrid, largeModel, largeModels } from '../testing/largeGrid.ts';
import { place, type PlacementResult } from './place.ts';
import type { PlacedModel } from './candidates.ts';

const placeIn = (model: PlacedModel, seed: number): PlacementResult =>
  place({
    model,
    grid: largeGrid(seed),
    plan: { mode: 'automatic', replicas: 1 },
    replicas: [[]],
    nameOf: String,
  });

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

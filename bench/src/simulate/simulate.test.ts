import { expect, test } from 'vitest';
import { simulate, type SimulationInit } from './simulate.ts';

const init: SimulationInit = {
  ...{ workers: 40, hours: 2, seed: 7 },
  models: [
    { name: 'small', layers: 12, layerBytes: 50e6, cacheBytes: 1024, plan: 'automatic', replicas: 3 },
    { name: 'large', layers: 24, layerBytes: 1e9, cacheBytes: 1024, plan: 'automatic', replicas: 1 },
    {
      name: 'forced',
      layers: 16,
      layerBytes: 200e6,
      cacheBytes: 1024,
      plan: 'shards',
      stages: 4,
      replicas: 1,
    },
  ],
};

test('a few hours of a grid break no invariant, and are the same for the same seed', async () => {
  const result = await simulate(init);
  // Enough happened for the invariants to mean something.
  expect(result.joins).toBeGreaterThan(init.workers);
  expect(result.models.reduce((sum, { losses }) => sum + losses, 0)).toBeGreaterThan(2);
  expect(result.models[0]?.availability).toBeGreaterThan(0.9);
  expect(await simulate(init)).toEqual(result);
  expect(await simulate({ ...init, seed: 8 })).not.toEqual(result);
});

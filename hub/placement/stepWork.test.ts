import { ModelPackage } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { placedModel } from '../testing/gridView.ts';
import { testModel } from '../testing/testModel.ts';
import { cutLayers } from './cutLayers.ts';
import { layerTable } from './layerTable.ts';
import { stageMemory } from './stageMemory.ts';
import { stepWork } from './stepWork.ts';

test('a package of an older import is read, and its steps read what its layers weigh', async () => {
  const { package: made } = await testModel({ layers: 4, layerBytes: 100 });
  const { sharedWeights: _absent, ...older } = { ...made, headBytes: 20, tiedBytes: 300 };
  const read = ModelPackage.parse(older);
  expect(read.sharedWeights).toEqual([]);
  // All that is read, with the head in the last layer, and what it shares with the embedding.
  expect(stepWork(read)(0, 3)).toBeCloseTo(720, 6);
  expect(stepWork(read)(3, 3)).toBeGreaterThan(stepWork(read)(2, 2));
  expect(stageMemory(read)(0, 3).weightBytes).toBe(720);
});

/** Layers that read so much each, with caches, and a head in the last one. */
const worked = (count: number, layerBytes: number, headBytes: number, cacheBytesPerToken = 1000) =>
  placedModel(0, 0, {
    headBytes,
    layers: Array.from({ length: count }, (_, layer) => ({
      ...{ weightBytes: layerBytes, cacheBytesPerToken, stateBytes: 0, boundary: [] },
      stepBytes: layerBytes + (layer === count - 1 ? headBytes : 0),
    })),
  });

test('a layer takes time beside reading its weights, the head hardly any, and all of them what they read', () => {
  // As minimind2-small in 8 bits: on a processor, four layers and four with the head take 4.3 and 4.9 ms, five and three 5.7 and 4.2.
  const model = worked(8, 3e6, 3.5e6);
  const work = stepWork(model);
  expect(work(0, 7)).toBeCloseTo(27.5e6, 0);
  expect(work(4, 7) / work(0, 3)).toBeGreaterThan(1.1);
  expect(work(4, 7) / work(0, 3)).toBeLessThan(1.2);
  // Who keeps no caches, such as an encoder, has nothing beside.
  expect(stepWork(worked(2, 3e6, 3e6, 0))(1, 1)).toBeCloseTo(6e6, 0);
});

test.each([
  { name: 'minimind2-small', model: worked(8, 3e6, 3.5e6), ends: [3, 7] },
  // 32 layers of 960 in 4 bits: a run of four answers takes 40 ms at both.
  { name: 'the generated model of the bench', model: worked(32, 6.15e6, 29.5e6), ends: [17, 31] },
])('two equal devices are equally long at work with $name', ({ model, ends }) => {
  const slot = { memoryBytes: 1e12, speed: { fixedMs: 0.5, msPerByte: 1.25e-7 }, hopMs: () => 0.5 };
  const cut = cutLayers(layerTable(model), [slot, slot], { ranges: 0 });
  expect(cut?.ranges.map(({ lastLayer }) => lastLayer)).toEqual(ends);
});

test('weights that several layers share count once in each stage that has one of them', async () => {
  const { package: made } = await testModel({ layers: 4, layerBytes: 100 });
  const memoryOf = stageMemory({ ...made, sharedWeights: [{ parts: [1, 3, 'head'], bytes: 50 }] });
  const weights = [0, 1, 2, 3].map((layer) => memoryOf(layer, layer).weightBytes);
  expect(weights).toEqual([100, 150, 100, 150]);
  expect(memoryOf(0, 3).weightBytes).toBe(450);
});

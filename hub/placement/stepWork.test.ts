import { ModelPackage } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { testModel } from '../testing/testModel.ts';
import { stageMemory } from './stageMemory.ts';
import { stepWork } from './stepWork.ts';

test('a package of an older import is read, and its steps read what its layers weigh', async () => {
  const { package: made } = await testModel({ layers: 4, layerBytes: 100 });
  const { sharedWeights: _absent, ...older } = { ...made, headBytes: 20, tiedBytes: 300 };
  const read = ModelPackage.parse(older);
  expect(read.sharedWeights).toEqual([]);
  expect(stepWork(read)(0, 2)).toBe(300);
  // The head is in the last layer, with what it shares with the embedding.
  expect(stepWork(read)(3, 3)).toBe(420);
  expect(stageMemory(read)(0, 3).weightBytes).toBe(720);
});

test('weights that several layers share count once in each stage that has one of them', async () => {
  const { package: made } = await testModel({ layers: 4, layerBytes: 100 });
  const memoryOf = stageMemory({ ...made, sharedWeights: [{ parts: [1, 3, 'head'], bytes: 50 }] });
  const weights = [0, 1, 2, 3].map((layer) => memoryOf(layer, layer).weightBytes);
  expect(weights).toEqual([100, 150, 100, 150]);
  expect(memoryOf(0, 3).weightBytes).toBe(450);
});

import { expect, test } from 'vitest';
import { stageMemory } from '../../placement/stageMemory.ts';
import { testModel } from '../../testing/testModel.ts';
import { viewModel } from './modelView.ts';

test('a model weighs what one node holds of it, weights shared by embedding and head once', async () => {
  const { package: plain } = await testModel({ layers: 2, layerBytes: 100 });
  const tied = { ...plain, embeddingBytes: 10, headBytes: 20, tiedBytes: 300 };
  const { weightBytes } = viewModel(tied, {
    builtIn: false,
    deployed: false,
    isDefault: false,
    loadsOnDemand: false,
    aliases: [],
    defaults: null,
  });
  expect(weightBytes).toBe(530);
  expect(stageMemory(tied)(0, 1).weightBytes).toBe(weightBytes);
});

import { expect, test } from 'vitest';
import { idleModels } from './idleModels.ts';

test('models that nobody asked for so long are idle, but none that answers', () => {
  const models = [
    { model: 'old', lastUsedAt: 1000, isBusy: false },
    { model: 'busy', lastUsedAt: 1000, isBusy: true },
    { model: 'just', lastUsedAt: 2000, isBusy: false },
    { model: 'new', lastUsedAt: 2001, isBusy: false },
  ];
  expect(idleModels(models, 62_000, 60_000)).toEqual(['old', 'just']);
  expect(idleModels([], 62_000, 60_000)).toEqual([]);
});

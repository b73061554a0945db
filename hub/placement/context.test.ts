import { expect, test } from 'vitest';
import { gridOf, gridWorker, placedModel } from '../testing/gridView.ts';
import { place, type Placement } from './place.ts';
import type { GridWorker } from './gridView.ts';
import type { PlacedModel } from './candidates.ts';
import type { StageAt } from './layerRange.ts';
import { contextOf } from './contextOf.ts';

/** A gigabyte of weights, and 100 KB of cache for each token. */
const plain = placedModel(10, 1e8, { contextLength: 32_768 });
const model: PlacedModel = {
  ...plain,
  layers: plain.layers.map((layer) => ({ ...layer, cacheBytesPerToken: 10_000 })),
};

function placed(workers: readonly GridWorker[], former: readonly StageAt[] = []): Placement {
  const plan = { mode: 'automatic', replicas: 1 } as const;
  const [found] = place({ model, grid: gridOf(workers), plan, replicas: [former], nameOf: String }).replicas;
  if (!found?.ok) throw new Error(found?.message);
  return found;
}

const tight = gridWorker('tight', 1.1e9);

test('a further device is taken where one alone has no room for a usual conversation', () => {
  const other = gridWorker('other', 1.1e9);
  const { stages, reasons } = placed([tight, other]);
  expect(stages).toHaveLength(2);
  expect(contextOf(model, stages).tokens).toBeGreaterThanOrEqual(4096);
  expect(reasons).toContainEqual(expect.stringMatching(/^no device alone has room for 1.4 GB$/));
});

test('where there is no further device, a short context is served, and the plan says so', () => {
  const { stages, reasons } = placed([tight, gridWorker('tiny', 5e7)]);
  expect(stages).toHaveLength(1);
  expect(contextOf(model, stages).tokens).toBe(1000);
  expect(reasons).toEqual([
    'conversations may have 1,000 of the model’s 32,768 tokens, since tight has no memory for longer ones',
  ]);
});

test('a device with room for it is taken alone, and who serves stays where it is', () => {
  const roomy = gridWorker('roomy', 1.5e9);
  expect(placed([tight, roomy]).stages).toMatchObject([{ workerId: roomy.id }]);
  const former = [{ workerId: tight.id, firstLayer: 0, lastLayer: 9 }];
  expect(placed([tight, roomy], former).stages).toMatchObject([{ workerId: tight.id }]);
});

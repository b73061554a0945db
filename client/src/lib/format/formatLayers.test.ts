import { expect, test } from 'vitest';
import { formatLayers, layerNumbers } from './formatLayers.ts';

test('one layer is no range', () => {
  expect(formatLayers({ firstLayer: 0, lastLayer: 0 })).toBe('layer 0');
  expect(formatLayers({ firstLayer: 0, lastLayer: 4 })).toBe('layers 0–4');
  expect(layerNumbers({ firstLayer: 3, lastLayer: 3 })).toBe('3');
  expect(layerNumbers({ firstLayer: 0, lastLayer: 4 })).toBe('0–4');
});

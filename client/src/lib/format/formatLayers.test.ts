import { expect, test } from 'vitest';
import { formatLayers } from './formatLayers.ts';

test('one layer is no range', () => {
  expect(formatLayers({ firstLayer: 0, lastLayer: 0 })).toBe('layer 0');
  expect(formatLayers({ firstLayer: 0, lastLayer: 4 })).toBe('layers 0–4');
});

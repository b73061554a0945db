import { expect, test } from 'vitest';
import { parseLayers } from './parseLayers.ts';

test('layers are read as people write them', () => {
  expect(parseLayers(' 0-3 ')).toEqual({ firstLayer: 0, lastLayer: 3 });
  expect(parseLayers('4 – 7')).toEqual({ firstLayer: 4, lastLayer: 7 });
  expect(parseLayers('5')).toEqual({ firstLayer: 5, lastLayer: 5 });
  expect(parseLayers(' ')).toBeUndefined();
});

test('what names no layers is said', () => {
  for (const text of ['all', '3-1', '0-', '-3', '0-1-2', '1.5'])
    expect(() => parseLayers(text)).toThrow(/such as 0-3/);
});

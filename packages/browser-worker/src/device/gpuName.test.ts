import { expect, test } from 'vitest';
import { gpuClass, gpuName } from './gpuName.ts';
import { suggestMemory } from './suggestMemory.ts';

const info = (vendor: string, architecture: string, device = '', description = '') => ({
  ...{ vendor, architecture, device, description },
});

test('a GPU is named by the best that the browser tells', () => {
  expect(gpuName(info('nvidia', 'ampere', '', 'NVIDIA GeForce RTX 3060'))).toBe('NVIDIA GeForce RTX 3060');
  expect(gpuName(info('apple', 'metal-3'))).toBe('apple metal-3');
  expect(gpuName(info('', ''))).toBe('GPU');
});

test('its class is guessed from vendor and name', () => {
  expect(gpuClass(info('nvidia', 'ampere'))).toBe('discrete');
  expect(gpuClass(info('apple', 'metal-3'))).toBe('integrated');
  expect(gpuClass(info('intel', 'gen-12lp'))).toBe('integrated');
  expect(gpuClass(info('intel', 'xe-hpg'))).toBe('discrete');
  expect(gpuClass(info('google', 'swiftshader'))).toBe('software');
  expect(gpuClass(info('amd', 'rdna-3'))).toBe('unknown');
});

test('where the browser may count on less than the machine has, less is suggested, and no more than that is taken', () => {
  const gpu = { name: '', float16: true, maxBufferBytes: 2 ** 31, class: 'integrated' as const };
  expect(suggestMemory(undefined, 8, 1.5e9)).toMatchObject({ suggestedBytes: 375e6, mostBytes: 1.5e9 });
  expect(suggestMemory(gpu, 8, 1.5e9)).toMatchObject({ suggestedBytes: 375e6, mostBytes: 1.5e9 });
  expect(suggestMemory(gpu, 8, 128e9)).toEqual(suggestMemory(gpu, 8));
});

test('the suggested memory lies between the least and the most', () => {
  const gpu = { name: '', float16: true, maxBufferBytes: 2 ** 31 };
  const classes = ['discrete', 'integrated', 'software', 'unknown'] as const;
  const offers = [undefined, ...classes.map((one) => ({ ...gpu, class: one }))];
  for (const deviceMemory of [undefined, 0.25, 2, 8]) {
    for (const offer of offers) {
      const { leastBytes, suggestedBytes, mostBytes } = suggestMemory(offer, deviceMemory);
      expect(suggestedBytes).toBeGreaterThanOrEqual(leastBytes);
      expect(suggestedBytes).toBeLessThanOrEqual(mostBytes);
    }
  }
});

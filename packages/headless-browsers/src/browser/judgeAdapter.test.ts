import { expect, test } from 'vitest';
import { judgeAdapter } from './judgeAdapter.ts';

const adapter = (vendor: string, architecture = '', description = '') => ({
  vendor,
  architecture,
  description,
});

test('the adapter must be the GPU that was meant', () => {
  expect(judgeAdapter('nvidia', adapter('nvidia', 'hopper'))).toBeUndefined();
  expect(judgeAdapter('nvidia', adapter('', '', 'NVIDIA H200'))).toBeUndefined();
  expect(judgeAdapter('system', adapter('intel', 'gen-12lp'))).toBeUndefined();
  expect(judgeAdapter('swiftshader', adapter('google', 'swiftshader'))).toBeUndefined();
  expect(judgeAdapter('none', undefined)).toBeUndefined();
});

test('what is wrong with it is said', () => {
  expect(judgeAdapter('nvidia', undefined)).toBe('Chromium shows no WebGPU adapter');
  expect(judgeAdapter('nvidia', adapter('google', 'swiftshader'))).toMatch(
    /google swiftshader, which computes on the/,
  );
  expect(judgeAdapter('system', adapter('mesa', 'llvmpipe'))).toMatch(/computes on the processor/);
  expect(judgeAdapter('nvidia', adapter('intel', 'gen-12lp'))).toBe(
    'Chromium shows intel gen-12lp and not the NVIDIA GPU',
  );
  expect(judgeAdapter('swiftshader', adapter('nvidia'))).toMatch(/instead of SwiftShader/);
});

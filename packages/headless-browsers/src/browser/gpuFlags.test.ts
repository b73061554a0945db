import { expect, test } from 'vitest';
import { gpuFlags, resolveGpu } from './gpuFlags.ts';

test('auto takes an NVIDIA GPU, else what the system has, and never SwiftShader', () => {
  const having =
    (...paths: string[]) =>
    (path: string) =>
      paths.includes(path);
  expect(resolveGpu('auto', 'linux', having('/dev/nvidiactl', '/dev/dri'))).toBe('nvidia');
  expect(resolveGpu('auto', 'linux', having('/dev/dri'))).toBe('system');
  expect(resolveGpu('auto', 'linux', having())).toBe('none');
  expect(resolveGpu('auto', 'darwin', having())).toBe('system');
  expect(resolveGpu('swiftshader', 'linux', having('/dev/nvidiactl'))).toBe('swiftshader');
});

test('each kind has flags of its own', () => {
  expect(gpuFlags('none')).toEqual(['--disable-gpu']);
  expect(gpuFlags('system', 'linux')).toEqual(gpuFlags('nvidia'));
  expect(gpuFlags('system', 'darwin')).not.toContain('--use-angle=vulkan');
});

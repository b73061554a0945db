import { expect, test } from 'vitest';
import { missingForCuda, type CudaFacts } from './missingForCuda.ts';

const provider = '/ort/libonnxruntime_providers_cuda.so';
const shared = '/ort/libonnxruntime_providers_shared.so';

function missing(files: string[], unresolved: string[] = [], more: Partial<CudaFacts> = {}) {
  const facts = { platform: 'linux' as const, version: '1.30.0', folder: '/ort', ...more };
  return missingForCuda({ ...facts, exists: (file) => files.includes(file), unresolved: () => unresolved });
}

test('what CUDA lacks is said in the order in which one gets it', () => {
  const driver = '/dev/nvidiactl';
  expect(missing([])).toBe('there is no NVIDIA driver (no /dev/nvidiactl)');
  expect(missing([driver])).toBe('libonnxruntime_providers_cuda.so of ONNX Runtime 1.30.0 is not in /ort');
  expect(missing([driver, provider])).toMatch(/^libonnxruntime_providers_shared\.so/);
  const all = [driver, provider, shared];
  expect(missing(all, ['libcudnn.so.9', 'libcublas.so.13'])).toMatch(
    /^the CUDA toolkit lacks libcublas\.so\.13,/,
  );
  expect(missing(all, ['libcudnn.so.9'])).toBe('cuDNN is not installed (libcudnn.so.9)');
  expect(missing(all)).toBeUndefined();
  expect(missing([], [], { platform: 'darwin' })).toBe('this system has no CUDA');
});

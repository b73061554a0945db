import type { Device, DeviceKind } from '@potluck/protocol';
import { afterEach, expect, test } from 'vitest';
import { startTestHub, type TestHub } from '../testing/testHub.ts';
import { cannotRun } from './cannotRun.ts';

let hub: TestHub | undefined;
afterEach(async () => {
  await hub?.close();
  hub = undefined;
});

const gpu = (float16: boolean) => ({
  hello: { device: { kind: 'webgpu' as const, description: 'a GPU', float16 } },
});

test('a model in half precision goes only to devices that have it, and the others are named', async () => {
  const started = await startTestHub({ model: { float16: true } });
  hub = started;
  const without = started.worker('old', { ...gpu(false), memoryBytes: 8e9 });
  await without.message('welcome');
  await expect.poll(() => started.deployment.missing).toMatch(/old can’t compute in 16-bit numbers/);
  const preview = await fetch(`${started.url}/api/deployments/preview`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'test-model', plan: { mode: 'automatic' } }),
  });
  expect(await preview.json()).toMatchObject({
    ok: false,
    problem: expect.stringMatching(/old can’t compute in 16-bit numbers/) as string,
  });
  started.worker('new', gpu(true));
  await started.served();
  expect(started.deployment.ready?.stages.map(({ workerName }) => workerName)).toEqual(['new']);
});

test('a model with operators that only some devices have is placed there, and the others are told what to take', () => {
  const device = (kind: Device['kind']): Device => ({ kind, description: kind, float16: true });
  const fused = { float16: false, deviceKinds: ['webgpu', 'cuda'] as DeviceKind[] };
  for (const kind of ['webgpu', 'cuda'] as const) expect(cannotRun(device(kind), fused)).toBeUndefined();
  for (const kind of ['cpu', 'wasm'] as const) {
    expect(cannotRun(device(kind), fused)).toMatch(/needs WebGPU or CUDA \(take another variant/);
    expect(cannotRun(device(kind), { float16: false })).toBeUndefined();
  }
});

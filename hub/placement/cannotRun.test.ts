import { afterEach, expect, test } from 'vitest';
import { startTestHub, type TestHub } from '../testing/testHub.ts';

let hub: TestHub;
afterEach(() => hub.close());

const gpu = (float16: boolean) => ({
  hello: { device: { kind: 'webgpu' as const, description: 'a GPU', float16 } },
});

test('a model in half precision goes only to devices that have it, and the others are named', async () => {
  hub = await startTestHub({ model: { float16: true } });
  const without = hub.worker('old', { ...gpu(false), memoryBytes: 8e9 });
  await without.message('welcome');
  await expect.poll(() => hub.deployment.missing).toMatch(/old can’t compute in 16-bit numbers/);
  const preview = await fetch(`${hub.url}/api/deployments/preview`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'test-model', plan: { mode: 'automatic' } }),
  });
  expect(await preview.json()).toMatchObject({
    ok: false,
    problem: expect.stringMatching(/old can’t compute in 16-bit numbers/) as string,
  });
  hub.worker('new', gpu(true));
  await hub.served();
  expect(hub.deployment.ready?.stages.map(({ workerName }) => workerName)).toEqual(['new']);
});

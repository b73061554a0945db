import type { Diagnostics } from '@potluck/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestHub, testApiKey, testJoinToken, type TestHub } from '../../testing/testHub.ts';

const localKey = 'local-key-of-tests';
let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ adminPassword: 'admin-password-of-tests', localKey });
  hub.worker('garage', { hello: { version: '0.0.1' } });
  await hub.served();
});
afterAll(() => hub.close());

test('diagnostics name versions, devices, and disk, say what is wrong, and hold no secrets', async () => {
  const response = await fetch(`${hub.url}/api/diagnostics`, {
    headers: { authorization: `Bearer ${localKey}` },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-disposition')).toMatch(/potluck-diagnostics-\d{4}-\d\d-\d\d\.json/);
  const text = await response.text();
  const found = JSON.parse(text) as Diagnostics;
  expect(found).toMatchObject({
    hub: { node: process.versions.node },
    disk: { isWritable: true },
    certificate: null,
    nodes: [{ name: 'garage', version: '0.0.1', state: 'serving' }],
    models: [{ model: 'test-model', missing: null }],
  });
  expect(found.problems).toContainEqual(expect.stringContaining('garage runs version 0.0.1'));
  for (const secret of [testApiKey, localKey, testJoinToken, 'admin-password-of-tests'])
    expect(text).not.toContain(secret);
});

test('only administrators get them', async () => {
  const response = await fetch(`${hub.url}/api/diagnostics`, { headers: { authorization: 'Bearer wrong' } });
  expect(response.status).toBe(401);
});

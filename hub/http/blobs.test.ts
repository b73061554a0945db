import type { KeyLimits } from '@potluck/api';
import type { Sha256 } from '@potluck/protocol';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTestHub, testJoinToken, type TestHub } from '../testing/testHub.ts';

const bytes = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 7) % 251);
let hub: TestHub;
let sha256: Sha256;

beforeAll(async () => {
  hub = await startTestHub();
  ({ sha256 } = await hub.blobs.put(bytes));
});
afterAll(() => hub.close());

const get = (
  headers: Record<string, string> = {},
  method = 'GET',
  name: string = sha256,
): Promise<Response> =>
  fetch(`${hub.url}/blobs/${name}`, {
    method,
    headers: { authorization: `Bearer ${testJoinToken}`, ...headers },
  });

test('a blob comes whole, to be kept for good', async () => {
  const response = await get();
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toContain('immutable');
  expect(response.headers.get('content-length')).toBe(String(bytes.length));
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
});

test('a range comes with its place', async () => {
  const response = await get({ range: 'bytes=1000-1999' });
  expect(response.status).toBe(206);
  expect(response.headers.get('content-range')).toBe(`bytes 1000-1999/${bytes.length}`);
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes.slice(1000, 2000));
});

test('a range past the end is not satisfiable', async () => {
  const response = await get({ range: `bytes=${bytes.length}-` });
  expect(response.status).toBe(416);
  expect(response.headers.get('content-range')).toBe(`bytes */${bytes.length}`);
});

test('HEAD tells the size, and who has the blob is told so', async () => {
  const head = await get({}, 'HEAD');
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)]);
  expect((await get({ 'if-none-match': `"${sha256}"` })).status).toBe(304);
});

test('what is no name, or names nothing, is refused', async () => {
  expect((await get({}, 'GET', 'f'.repeat(64))).status).toBe(404);
  expect((await get({}, 'GET', '..%2f..%2fsecrets.json')).status).toBe(400);
});

test('a worker that is here gets its weights when its join token has expired; revoking ends that', async () => {
  const far = { 'x-forwarded-for': '10.0.0.1' };
  const expiresAt = Date.now() + 60_000;
  const { token, secret } = await hub.access.joinTokens.create({ name: 'for a day', expiresAt });
  const asked = { ...far, authorization: `Bearer ${secret}` };
  const worker = hub.worker('guest', { token: secret });
  await worker.message('welcome');
  vi.setSystemTime(expiresAt + 1);
  try {
    expect((await get(asked)).status).toBe(200);
    const late = hub.worker('late', { token: secret });
    expect(await late.message('refusal')).toMatchObject({ code: 'bad-token' });
    expect((await fetch(`${hub.url}/api/join-tokens/${token.id}/revoke`, { method: 'POST' })).status).toBe(
      200,
    );
    expect(await worker.message('refusal')).toMatchObject({ code: 'bad-token' });
    expect((await get(asked)).status).toBe(401);
  } finally {
    vi.useRealTimers();
  }
});

test('an expired join token of a worker that left opens nothing', async () => {
  const expiresAt = Date.now() + 60_000;
  const { secret } = await hub.access.joinTokens.create({ name: 'for a day', expiresAt });
  const worker = hub.worker('guest', { token: secret });
  await worker.message('welcome');
  worker.send({ type: 'goodbye' });
  await worker.closed;
  vi.setSystemTime(expiresAt + 1);
  try {
    const asked = { 'x-forwarded-for': '10.0.0.1', authorization: `Bearer ${secret}` };
    expect((await get(asked)).status).toBe(401);
  } finally {
    vi.useRealTimers();
  }
});

test('a reader that is not on this machine needs the token', async () => {
  expect((await get({ authorization: 'Bearer wrong', 'x-forwarded-for': '10.0.0.1' })).status).toBe(401);
  expect((await get({ 'x-forwarded-for': '10.0.0.1' })).status).toBe(200);
});

test('a key that is limited to a model reads that model’s weights and no others', async () => {
  // The graph of the tests' model.
  const { sha256: ofModel } = await hub.blobs.put(new TextEncoder().encode('graph'));
  const keyFor = async (limits: KeyLimits): Promise<string> =>
    (await hub.access.keys.create({ name: 'Ben', scopes: ['ask'], limits, expiresAt: null })).secret;
  const status = async (key: string, name: string): Promise<number> =>
    (await get({ authorization: `Bearer ${key}` }, 'HEAD', name)).status;
  const limited = await keyFor({ models: ['test-model'] });
  expect([await status(limited, ofModel), await status(limited, sha256)]).toEqual([200, 404]);
  const free = await keyFor({});
  expect([await status(free, ofModel), await status(free, sha256)]).toEqual([200, 200]);
});

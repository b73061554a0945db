/** What comes to the hub's open doors from those who mean no good; somebody else's answer goes on meanwhile. */
import { once } from 'node:events';
import { request } from 'node:http';
import { workerGoodbyePath, workerSocketPath } from '@potluck/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { elsewhere } from '../testing/apiClient.ts';
import { startBystander, type Bystander } from '../testing/bystander.ts';
import { startTestHub, testApiKey, type TestHub } from '../testing/testHub.ts';

let hub: TestHub;
let bystander: Bystander;
beforeAll(async () => {
  hub = await startTestHub({ model: { contextLength: 1_000_000 } });
  bystander = await startBystander(hub);
});
afterAll(() => hub.close());

/** As many as the largest vocabularies have tokens. */
function biases(name: (id: number) => string): Record<string, number> {
  return Object.fromEntries(Array.from({ length: 256_000 }, (_, id) => [name(id), 1]));
}

const json = { 'content-type': 'application/json' };
const asking = { ...json, authorization: `Bearer ${testApiKey}` };

/** Sends a megabyte of a body that never ends. @returns the status that comes all the same */
async function statusWithoutEnd(method: string, path: string): Promise<number> {
  const sent = request(`${hub.url}${path}`, { method, headers: { ...elsewhere, ...json } });
  // The hub may close the connection while more is written.
  sent.on('error', () => undefined);
  sent.on('socket', (socket) => socket.on('error', () => undefined));
  const answered = once(sent, 'response') as Promise<[{ statusCode: number }]>;
  for (let piece = 0; piece < 16; piece++) sent.write(Buffer.alloc(64 * 1024, ' '));
  const [{ statusCode }] = await answered;
  sent.destroy();
  return statusCode;
}

test.each([
  ['POST', '/api/session', 413],
  ['PUT', '/api/session/password', 413],
  ['POST', '/api/keys', 413],
  ['POST', '/api/conversations', 413],
  ['POST', '/api/imports', 413],
  ['PUT', '/api/imports/one/files?path=a&offset=0', 401],
  ['POST', workerGoodbyePath, 413],
  ['POST', '/v1/chat/completions', 413],
  ['POST', '/peerjs/peerjs', 413],
  ['POST', '/health', 413],
  ['POST', '/nowhere', 413],
])('%s %s takes no long body from those who show nothing', async (method, path, status) => {
  expect(await statusWithoutEnd(method, path)).toBe(status);
});

const post = async (path: string, body: string, headers: Record<string, string>) => {
  const answer = await fetch(`${hub.url}${path}`, { method: 'POST', headers, body });
  const { error } = (await answer.json()) as { error?: { code: string | null } };
  return [answer.status, error?.code];
};

test.each([
  ['numbers', `[${'0,'.repeat(1e6)}0]`, [413, 'request_too_large']],
  ['objects', `[${'{},'.repeat(1e6)}0]`, [413, 'request_too_large']],
  [
    'names',
    `{${Array.from({ length: 1e5 }, (_, index) => `"${index}":0`).join(',')}}`,
    [413, 'request_too_large'],
  ],
  ['arrays within arrays', '['.repeat(1000) + ']'.repeat(1000), [400, 'invalid_value']],
])('too many %s are refused before they are parsed, also beside a seed', async (_what, value, refused) => {
  const chat = `{"messages":[{"role":"user","content":"Hi"}],"seed":12345678901234567890,"x":${value}}`;
  expect(await post('/v1/chat/completions', chat, asking)).toEqual(refused);
  expect(await post('/api/conversations', `{"title":${value}}`, asking)).toEqual(refused);
});

test('text with many brackets and commas is no structure', async () => {
  const content = '{[,]}"\\'.repeat(20_000);
  const created = await fetch(`${hub.url}/api/conversations`, {
    method: 'POST',
    headers: asking,
    body: JSON.stringify({ systemPrompt: content.slice(0, 100_000) }),
  });
  expect(created.status).toBe(201);
  await created.text();
});

test.each(['/v1/chat/completions', '/api/conversations', '/api/session', '/api/imports/one/files'])(
  'a compressed body at %s is refused with its encoding',
  async (path) => {
    for (const encoding of ['gzip', 'br', 'deflate, gzip']) {
      const headers = { ...asking, 'content-encoding': encoding };
      expect(await post(path, 'x', headers)).toEqual([415, 'unsupported_encoding']);
    }
  },
);

const connect = async (path: string): Promise<WebSocket> => {
  const socket = new WebSocket(`${hub.url.replace('http', 'ws')}${path}`);
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return socket;
};

test.each([
  ['the control socket', workerSocketPath],
  ['signalling', '/peerjs/peerjs?key=peerjs&id=one&token=none'],
])('%s takes no long message from somebody unknown', async (_what, path) => {
  const socket = await connect(path);
  const closed = once(socket, 'close') as Promise<[number]>;
  socket.send('['.repeat(64 * 1024 + 1));
  // 1005: signalling closes before it reads anything.
  expect([1009, 1005]).toContain((await closed)[0]);
});

const chat = (more: object): string =>
  JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }], ...more });

test.each([
  ['a bias for each token', { logit_bias: biases((id) => String(id)) }],
  ['one token under many names', { logit_bias: biases((id) => '1'.padStart((id % 500) + 2, '0')) }],
  ['a number that is none to a processor', { repetition_penalty: 1e-40 }],
  ['many stop strings', { stop: Array(100_000).fill('x') }],
])('%s is refused, and only that request', async (_what, body) => {
  const [status = 0] = await post('/v1/chat/completions', chat(body), asking);
  expect([400, 413]).toContain(status);
  expect(await post('/v1/chat/completions', chat({ max_tokens: 3 }), asking)).toEqual([200, undefined]);
});

test('pages of other origins on this machine may do nothing', async () => {
  for (const origin of [hub.url.replace(/\d+$/, '1'), hub.url.replace('127.0.0.1', 'localhost'), 'null']) {
    for (const [method, path, body] of [
      ['GET', '/api/settings', undefined],
      ['POST', '/api/keys', { name: 'x', scopes: ['ask'] }],
      ['PUT', '/api/session/password', { password: 'correct horse' }],
    ] as const) {
      const answer = await fetch(`${hub.url}${path}`, {
        method,
        headers: { ...json, origin },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      expect([401, 403]).toContain(answer.status);
      await answer.text();
    }
  }
});

test('a hundred guesses of the password at once are slowed down, and files come meanwhile', async () => {
  await hub.access.password.set('correct horse');
  const guess = (path: string, method: string, body: object): Promise<number> =>
    fetch(`${hub.url}${path}`, { method, headers: json, body: JSON.stringify(body) }).then(async (answer) => {
      await answer.text();
      return answer.status;
    });
  const guesses = Array.from({ length: 50 }, (_, index) => [
    guess('/api/session', 'POST', { password: `guess ${index}` }),
    guess('/api/session/password', 'PUT', { password: 'mine alone', current: `guess ${index}` }),
  ]).flat();
  expect((await fetch(`${hub.url}/models`, { headers: { accept: 'text/html' } })).status).toBe(200);
  const statuses = await Promise.all(guesses);
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(95);
  expect(statuses.every((status) => [401, 403, 429].includes(status))).toBe(true);
});

test('the answer that went on meanwhile has exactly its tokens', async () => {
  const { expected, received } = await bystander.finish();
  expect(expected.length).toBeGreaterThan(0);
  expect(received).toBe(expected);
});

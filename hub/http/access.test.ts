import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { apiErrorResponse, toApiError } from './apiError.ts';
import { identify, requireScope } from './caller.ts';
import { crossOrigin } from './crossOrigin.ts';

const app = new Hono();
app.use(crossOrigin());
app.use(
  identify({
    keys: {
      use: (secret) =>
        secret === 'the secret' ? { id: 'key', name: 'key', scopes: ['ask'], limits: {} } : undefined,
      find: () => undefined,
    },
    logins: { find: () => undefined },
    trustLocal: () => true,
  }),
);
app.use(requireScope('ask', 'Ask for one.'));
app.get('/', (c) => c.text('in'));
app.onError((error, c) => apiErrorResponse(c, toApiError(error)));

/** Asks as a socket from `address` would. */
const ask = async (address: string, headers: Record<string, string> = {}): Promise<number> => {
  const environment = { incoming: { socket: { remoteAddress: address } } };
  return (await app.request('/', { headers: { host: 'localhost:8000', ...headers } }, environment)).status;
};

test.each([
  ['127.0.0.1', {}],
  ['::1', { host: '[::1]:8000' }],
  ['::ffff:127.0.0.1', { host: '127.0.0.1:8000' }],
  ['127.0.0.1', { host: '192.168.1.5:8000' }],
  ['127.0.0.1', { authorization: 'Bearer some other key' }],
  ['127.0.0.1', { origin: 'http://localhost:3000', 'sec-fetch-site': 'cross-site' }],
  ['127.0.0.1', { host: '192.168.1.5:8000', origin: 'http://192.168.1.5:8000' }],
])('a program on this machine is let in: %s %o', async (address, headers) => {
  expect(await ask(address, headers)).toBe(200);
});

test.each([
  ['192.168.1.7', {}],
  ['127.0.0.1', { 'x-forwarded-for': '10.0.0.1' }],
  ['127.0.0.1', { forwarded: 'for=10.0.0.1' }],
  ['127.0.0.1', { via: '1.1 proxy' }],
  ['127.0.0.1', { host: 'rebound.example:8000' }],
  ['127.0.0.1', { host: 'localhost.rebound.example' }],
  ['127.0.0.1', { origin: 'https://elsewhere.example' }],
  ['127.0.0.1', { origin: 'null' }],
  ['127.0.0.1', { 'sec-fetch-site': 'cross-site' }],
])('others need a key: %s %o', async (address, headers) => {
  expect(await ask(address, headers)).toBe(401);
  expect(await ask(address, { ...headers, authorization: 'Bearer wrong' })).toBe(401);
  expect(await ask(address, { ...headers, authorization: 'Bearer the secret' })).toBe(200);
  expect(await ask(address, { ...headers, 'x-api-key': 'the secret' })).toBe(200);
});

test('a preflight allows whatever headers the page wants to send', async () => {
  const response = await app.request('/', {
    method: 'OPTIONS',
    headers: {
      origin: 'https://chat.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,x-stainless-new-thing',
    },
  });
  expect(response.status).toBe(204);
  expect(response.headers.get('access-control-allow-origin')).toBe('https://chat.example');
  expect(response.headers.get('access-control-allow-headers')).toBe('authorization,x-stainless-new-thing');
  expect(response.headers.get('access-control-allow-credentials')).toBeNull();
});

test('a refusal can be read by the page that was refused', async () => {
  const response = await app.request('/', { headers: { origin: 'https://chat.example' } });
  expect(response.status).toBe(401);
  expect(response.headers.get('access-control-allow-origin')).toBe('https://chat.example');
  expect(await response.json()).toMatchObject({ error: { code: 'invalid_api_key' } });
});

import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { ApiError, apiErrorResponse, toApiError } from './apiError.ts';
import { identify, requireScope } from './caller.ts';
import { hubCookies } from './cookies.ts';
import { crossOrigin } from './crossOrigin.ts';
import { findSource } from './source.ts';
import { loopbackNetworks, noProxies, trustedProxies, type TrustedProxies } from './trustedProxies.ts';

const port = 8000;
const localKey = 'local-key-of-tests';

interface Init {
  hasPassword?: boolean;
  trustLocal?: boolean;
  proxies?: TrustedProxies;
  hasBalancer?: boolean;
}

/** A door for asking and a door for administering, and what was noted about proxies. */
function doors({
  hasPassword = false,
  trustLocal = true,
  proxies = noProxies,
  hasBalancer = false,
}: Init = {}) {
  const signs: string[] = [];
  const app = new Hono();
  app.use(findSource(proxies));
  app.use(crossOrigin());
  app.use(
    identify({
      keys: {
        use: (secret) =>
          secret === 'the secret' ? { id: 'key', name: 'key', scopes: ['ask'], limits: {} } : undefined,
        find: () => undefined,
      },
      logins: {
        find: (cookie) => (cookie === 'the login' ? { scopes: ['ask', 'admin'], keyId: null } : undefined),
      },
      cookies: hubCookies('hub-of-tests'),
      trustLocal: () => trustLocal,
      hasPassword: () => hasPassword,
      localKey,
      proxySigns: { note: (sign) => signs.push(sign), noteBrowser: () => undefined },
      hasBalancer,
    }),
  );
  app.get('/v1/models', requireScope('ask', 'Ask for one.'), (c) => c.text('in'));
  app.get('/api/join', requireScope('admin', 'Ask for one.'), (c) => c.text('in'));
  app.get('/source', (c) => c.json(c.var.source));
  app.onError((error, c) => apiErrorResponse(c, error instanceof ApiError ? error : toApiError(error)));
  /** Asks as a socket from `address` would. */
  const get = (
    path: string,
    address: string,
    { host = `localhost:${port}`, ...headers }: Record<string, string> = {},
    httpVersion = '1.1',
  ): Promise<Response> => {
    const environment = { incoming: { httpVersion, socket: { remoteAddress: address, localPort: port } } };
    return Promise.resolve(
      app.request(`http://${host}${path}`, { headers: { host, ...headers } }, environment),
    );
  };
  /** Statuses of asking and of administering. */
  const ask = async (...about: [string, Record<string, string>?, string?]): Promise<[number, number]> => [
    (await get('/v1/models', ...about)).status,
    (await get('/api/join', ...about)).status,
  ];
  return { app, get, ask, signs };
}

test('a program that has gone when its request is looked at may nothing, and is no sign of a proxy', async () => {
  const { app, signs } = doors();
  const socket = { remoteAddress: '127.0.0.1' };
  const host = `localhost:${port}`;
  const response = await app.request(
    `http://${host}/api/join`,
    { headers: { host } },
    { incoming: { httpVersion: '1.1', socket } },
  );
  expect(response.status).toBe(401);
  expect(signs).toEqual([]);
});

test.each([
  ['127.0.0.1', {}],
  ['::1', { host: '[::1]:8000' }],
  ['::ffff:127.0.0.1', { host: '127.0.0.1:8000' }],
  ['127.0.0.1', { authorization: 'Bearer some other key' }],
  ['127.0.0.1', { origin: 'http://localhost:8000', 'sec-fetch-site': 'same-origin' }],
])(
  'a program on this machine may ask, and administers while there is no password: %s %o',
  async (address, headers) => {
    expect(await doors().ask(address, headers)).toEqual([200, 200]);
    expect(await doors({ hasPassword: true }).ask(address, headers)).toEqual([200, 401]);
    expect(await doors({ hasPassword: true, trustLocal: false }).ask(address, headers)).toEqual([401, 401]);
    expect(await doors({ proxies: trustedProxies(loopbackNetworks) }).ask(address, headers)).toEqual([
      401, 401,
    ]);
  },
);

test.each([
  ['192.168.1.7', {}],
  ['127.0.0.1', { 'x-forwarded-for': '10.0.0.1' }],
  ['127.0.0.1', { 'x-forwarded-prefix': '/potluck' }],
  ['127.0.0.1', { forwarded: 'for=10.0.0.1' }],
  ['127.0.0.1', { via: '1.1 proxy' }],
  ['127.0.0.1', { 'x-forwarded-server': 'proxy' }],
  ['127.0.0.1', { 'x-client-ip': '10.0.0.1' }],
  ['127.0.0.1', { host: 'rebound.example:8000' }],
  ['127.0.0.1', { host: 'localhost.rebound.example' }],
  ['127.0.0.1', { host: 'localhost:8080' }],
  ['127.0.0.1', { host: 'localhost' }],
  ['127.0.0.1', { host: '203.0.113.7:8000' }],
  ['127.0.0.1', { origin: 'https://elsewhere.example' }],
  ['127.0.0.1', { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' }],
  ['127.0.0.1', { origin: 'http://127.0.0.1:8000' }],
  ['127.0.0.1', { origin: 'null' }],
  ['127.0.0.1', { 'sec-fetch-site': 'cross-site' }],
  ['127.0.0.1', { 'sec-fetch-site': 'same-site' }],
])('others need a key: %s %o', async (address, headers: Record<string, string>) => {
  const { ask } = doors();
  expect(await ask(address, headers)).toEqual([401, 401]);
  expect(await ask(address, { ...headers, authorization: 'Bearer wrong' })).toEqual([401, 401]);
  expect(await ask(address, { ...headers, authorization: 'Bearer the secret' })).toEqual([200, 403]);
  expect(await ask(address, { ...headers, 'x-api-key': 'the secret' })).toEqual([200, 403]);
  expect(await ask(address, { ...headers, authorization: `Bearer ${localKey}` })).toEqual([200, 200]);
});

test('what looks like a proxy on this machine is noted, and does not administer', async () => {
  const { ask, signs } = doors();
  expect(await ask('127.0.0.1', {}, '1.0')).toEqual([200, 401]);
  expect(signs.splice(0)).toEqual(Array(2).fill('HTTP/1.0, as nginx speaks it'));
  for (const connection of ['close', 'upgrade']) {
    expect(await ask('127.0.0.1', { connection })).toEqual([200, 401]);
    expect(signs.splice(0)[0]).toMatch(`Connection: ${connection}`);
  }
  expect(await ask('127.0.0.1', { connection: 'Upgrade', upgrade: 'websocket' })).toEqual([200, 401]);
  expect(await ask('127.0.0.1', { connection: 'keep-alive' })).toEqual([200, 200]);
  await ask('127.0.0.1', { host: 'hub.example.org' });
  expect(signs.splice(0)[0]).toMatch('hub.example.org');
  await ask('127.0.0.1', { 'x-forwarded-for': '10.0.0.1' });
  expect(signs.splice(0)[0]).toMatch('x-forwarded-for');
  await ask('127.0.0.1', { 'x-forwarded-for': '10.0.0.1', authorization: 'Bearer the secret' });
  await ask('127.0.0.1');
  expect(signs).toEqual([]);
  // A developer's browser may pretend to be a phone: it loses nothing.
  expect(await ask('127.0.0.1', { 'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 26_0)' })).toEqual([
    200, 200,
  ]);
  expect(signs).toEqual(Array(2).fill('a browser on iPhone'));
});

test('a balancer before several hubs, which passes TCP on, is no sign of a proxy', async () => {
  const { ask, signs } = doors({ hasBalancer: true });
  expect(await ask('127.0.0.1', { host: 'localhost:9000' })).toEqual([401, 401]);
  expect(signs).toEqual([]);
  await ask('127.0.0.1', { host: 'localhost:9000', connection: 'close' });
  expect(signs[0]).toContain('localhost:9000');
});

test('forwarded headers are believed from a named proxy only', async () => {
  const forwarded = {
    host: '127.0.0.1:8000',
    'x-forwarded-for': '198.51.100.9, 203.0.113.7, 127.0.0.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'forged.example, hub.example.org',
    'x-forwarded-prefix': '/potluck/',
  };
  const sourceAt = async (proxies: TrustedProxies, address: string): Promise<unknown> =>
    (await doors({ proxies }).get('/source', address, forwarded)).json();
  const named = trustedProxies(['127.0.0.0/8', 'fd00::/8']);
  const believed = {
    address: '203.0.113.7',
    protocol: 'https',
    host: 'hub.example.org',
    prefix: '/potluck',
    publicUrl: 'https://hub.example.org/potluck',
    isForwarded: true,
    isBehindProxy: true,
  };
  expect(await sourceAt(named, '::ffff:127.0.0.1')).toEqual(believed);
  expect(await sourceAt(named, 'fd00::5')).toEqual(believed);
  const plain = { protocol: 'http', host: '127.0.0.1:8000', prefix: '', isForwarded: false };
  expect(await sourceAt(named, '10.0.0.1')).toMatchObject({ ...plain, address: '10.0.0.1' });
  expect(await sourceAt(noProxies, '127.0.0.1')).toMatchObject({ ...plain, address: '127.0.0.1' });
});

test('a login counts for the page of this hub as the browser saw it, whatever name a proxy asks', async () => {
  const { get } = doors({ hasPassword: true, proxies: trustedProxies(loopbackNetworks) });
  const cookie = '__Host-potluck_login_huboftests=the login';
  const administers = async (headers: Record<string, string>): Promise<boolean> =>
    (await get('/api/join', '127.0.0.1', { cookie, ...headers })).status === 200;
  const origin = 'https://hub.example.org';
  expect(await administers({ origin, 'sec-fetch-site': 'same-origin' })).toBe(true);
  expect(await administers({ origin, 'x-forwarded-host': 'hub.example.org' })).toBe(true);
  expect(await administers({ cookie: 'potluck_login=the login' })).toBe(true);
  expect(await administers({ origin })).toBe(false);
  expect(await administers({ origin: 'https://hub.example.org:3000', 'sec-fetch-site': 'same-site' })).toBe(
    false,
  );
  expect(await administers({ cookie: 'potluck_login_otherhub=the login' })).toBe(false);
});

test('a preflight allows whatever headers the page wants to send', async () => {
  const response = await doors().app.request('/', {
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
  const response = await doors().app.request('/v1/models', { headers: { origin: 'https://chat.example' } });
  expect(response.status).toBe(401);
  expect(response.headers.get('access-control-allow-origin')).toBe('https://chat.example');
  expect(await response.json()).toMatchObject({ error: { code: 'invalid_api_key' } });
});

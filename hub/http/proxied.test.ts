/** The hub behind a real proxy that serves it below a path. */
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import { pipeline } from 'node:stream';
import type { JoinInformation, Session } from '@potluck/api';
import { afterEach, expect, test } from 'vitest';
import { api } from '../testing/apiClient.ts';
import { answering, startTestHub, type TestHub } from '../testing/testHub.ts';
import { loopbackNetworks, trustedProxies } from './trustedProxies.ts';

const password = 'correct horse';
let hub: TestHub;
let proxy: http.Server | undefined;
afterEach(async () => {
  proxy?.closeAllConnections();
  proxy?.close();
  proxy = undefined;
  await hub.close();
});

/** Serves the hub at `/potluck/`, takes that away, and asks with these headers. @returns its URL */
async function startProxy(headers: http.OutgoingHttpHeaders): Promise<string> {
  const { port: hubPort } = new URL(hub.url);
  const ask = (request: http.IncomingMessage): http.ClientRequest =>
    http.request({
      port: hubPort,
      host: '127.0.0.1',
      path: (request.url ?? '').replace(/^\/potluck\//, '/'),
      method: request.method,
      headers: { ...request.headers, ...headers },
    });
  const server = (proxy = http.createServer((request, response) => {
    const asked = ask(request);
    asked.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    asked.on('error', () => response.destroy());
    request.pipe(asked);
  }));
  server.on('upgrade', (request: http.IncomingMessage, socket: Socket) => {
    const asked = ask(request);
    asked.on('upgrade', (answer, other) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n');
      for (const [name, value] of Object.entries(answer.headers))
        socket.write(`${name}: ${String(value)}\r\n`);
      socket.write('\r\n');
      // Either side may go first.
      pipeline(other, socket, other, () => undefined);
    });
    asked.on('error', () => socket.destroy());
    asked.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/potluck`;
}

test('a proxy that passes on neither Host nor headers gives nobody the administrator’s rights', async () => {
  hub = await startTestHub({ adminPassword: password });
  const url = await startProxy({ host: new URL(hub.url).host });
  expect((await api({ url }, 'GET', '/join')).status).toBe(401);
  const key = { name: 'intruder', scopes: ['ask', 'admin'] };
  expect((await api({ url }, 'POST', '/keys', key)).status).toBe(401);
  expect((await fetch(`${url}/v1/models`)).status).toBe(200);
});

test('behind a proxy that is named everybody logs in, workers join below its path, and links carry the path', async () => {
  hub = await startTestHub({ adminPassword: password, proxies: trustedProxies(loopbackNetworks) });
  const forwarded = {
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'example.org',
    'x-forwarded-prefix': '/potluck',
  };
  const url = await startProxy(forwarded);
  for (const asked of [url, hub.url]) {
    expect((await fetch(`${asked}/v1/models`)).status).toBe(401);
    expect((await api<Session>({ url: asked }, 'GET', '/session')).body).toMatchObject({
      via: 'none',
      scopes: [],
    });
  }
  const origin = { origin: 'https://example.org' };
  expect(
    (await api({ url }, 'POST', '/session', { password }, { origin: 'https://elsewhere.example' })).status,
  ).toBe(403);
  const login = await api({ url }, 'POST', '/session', { password }, origin);
  const [cookie = ''] = login.headers.getSetCookie().filter((one) => one.startsWith('__Host-potluck_login_'));
  expect(cookie).toMatch(/Secure/);
  const { body } = await api<JoinInformation>({ url }, 'GET', '/join', undefined, { ...origin, cookie });
  expect(body.links[0]).toMatch(/^https:\/\/example\.org\/potluck\/join#token=/);

  hub.worker('far', { ...answering(hub, 'Hello'), url });
  await hub.served();
});

test('an idle connection outlives those of proxies, and what is streamed may not be held back', async () => {
  hub = await startTestHub();
  expect((await fetch(`${hub.url}/health`)).headers.get('keep-alive')).toBe('timeout=620');
  const events = await fetch(`${hub.url}/api/events`);
  expect(events.headers.get('cache-control')).toBe('no-cache, no-transform');
  expect(events.headers.get('x-accel-buffering')).toBe('no');
  await events.body?.cancel();
});

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createPlainServer, type Server } from 'node:http';
import { createServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { checkHub } from '@potluck/machine';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import {
  createAuthority,
  issueServerCertificate,
} from '../../../../hub/network/certificate/issueCertificate.ts';
import { hubFetch } from './hubFetch.ts';
import { HubWebSocket } from './hubWebSocket.ts';
import { pinHub } from './pinnedHubs.ts';

const servers: Server[] = [];
/** What the proxy was asked for, and as whom. */
let asked: { target: string; authorization: string | undefined }[];
let fingerprint: string;

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A hub of which only the proxy knows where it is. */
beforeEach(async () => {
  asked = [];
  const authority = await createAuthority('Potluck hub');
  fingerprint = new X509Certificate(authority.certificate).fingerprint256;
  const { certificate, key } = await issueServerCertificate(authority, ['hub.example.org']);
  const secure = createServer(
    { cert: `${certificate}\n${authority.certificate}`, key },
    (request, response) => response.end(`securely ${request.headers.host}`),
  );
  const plain = createPlainServer((request, response) => response.end(`plainly ${request.headers.host}`));
  for (const server of [secure, plain]) {
    new WebSocketServer({ server }).on('connection', (socket) => socket.send('welcome'));
  }
  const ports: Record<string, number> = { 8443: await listen(secure), 8000: await listen(plain) };
  const proxy = createPlainServer().on('connect', (request, socket) => {
    const target = request.url ?? '';
    asked.push({ target, authorization: request.headers['proxy-authorization'] });
    const port = ports[target.split(':')[1] ?? ''];
    if (port === undefined) return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => undefined).on('close', () => socket.destroy());
    socket.on('error', () => undefined).on('close', () => onward.destroy());
  });
  const url = `http://ada:se%40cret@127.0.0.1:${await listen(proxy)}`;
  for (const name of ['http_proxy', 'https_proxy', 'no_proxy', 'NO_PROXY']) vi.stubEnv(name, '');
  vi.stubEnv('HTTPS_PROXY', url);
  vi.stubEnv('HTTP_PROXY', url);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
});

async function firstMessage(url: string): Promise<string> {
  const socket = new HubWebSocket(url);
  const [message] = (await once(socket, 'message')) as [Buffer];
  socket.terminate();
  return message.toString();
}

it('a hub behind the proxy is checked, asked and joined through it', async () => {
  const hubUrl = 'https://hub.example.org:8443';
  pinHub(hubUrl, await checkHub({ hubUrl, fingerprint }));
  expect(await (await hubFetch(`${hubUrl}/blobs/1`)).text()).toBe('securely hub.example.org:8443');
  expect(await firstMessage('wss://hub.example.org:8443/')).toBe('welcome');
  const authorization = `Basic ${Buffer.from('ada:se@cret').toString('base64')}`;
  expect(asked).toEqual(Array.from({ length: 3 }, () => ({ target: 'hub.example.org:8443', authorization })));
  pinHub(hubUrl, undefined);
});

it('a hub on plain http too', async () => {
  expect(await (await hubFetch('http://hub.example.org:8000/')).text()).toBe('plainly hub.example.org:8000');
  expect(await firstMessage('ws://hub.example.org:8000/')).toBe('welcome');
  expect(asked.map(({ target }) => target)).toEqual(['hub.example.org:8000', 'hub.example.org:8000']);
});

it('what the proxy refuses is said with its address', async () => {
  const refused = checkHub({ hubUrl: 'https://hub.example.org:1', fingerprint });
  await expect(refused).rejects.toThrow(/the proxy 127\.0\.0\.1:\d+ answers 403 for hub\.example\.org:1/);
});

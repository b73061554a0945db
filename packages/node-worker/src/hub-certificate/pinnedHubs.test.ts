import { once } from 'node:events';
import { X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { checkHub } from '@potluck/machine';
import { silentLog } from '@potluck/worker';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import {
  createAuthority,
  issueServerCertificate,
  type KeyedCertificate,
} from '../../../../hub/network/certificate/issueCertificate.ts';
import { hubFetch } from './hubFetch.ts';
import { HubWebSocket } from './hubWebSocket.ts';
import { trustHub } from './trustHub.ts';

/** The authority of a hub's own, and one that the system trusts. */
let own: KeyedCertificate;
let known: KeyedCertificate;
const system = getCACertificates('default');
const running: Server[] = [];

beforeAll(async () => {
  own = await createAuthority('Potluck hub');
  known = await createAuthority('Known to everybody');
  setDefaultCACertificates([known.certificate]);
});
afterEach(() => {
  for (const server of running.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
afterAll(() => setDefaultCACertificates(system));

/** A hub that says hello by both ways. */
async function serve(authority: KeyedCertificate, port = 0): Promise<string> {
  const { certificate, key } = await issueServerCertificate(authority, ['localhost', '127.0.0.1']);
  const cert = `${certificate}\n${authority.certificate}`;
  const server = createServer({ cert, key }, ({ headers }, response) => {
    response.writeHead(206, { 'x-range': headers.range }).end('hello');
  });
  new WebSocketServer({ server }).on('connection', (socket) => socket.send('hello'));
  running.push(server.listen(port, '127.0.0.1'));
  await once(server, 'listening');
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const trust = (hubUrl: string, authority?: KeyedCertificate): Promise<void> => {
  const fingerprint = authority && new X509Certificate(authority.certificate).fingerprint256;
  return trustHub({ log: silentLog }, { hubUrl, fingerprint, signal: new AbortController().signal });
};

/** What comes by a download and by a socket. */
async function hear(hubUrl: string): Promise<string[]> {
  const answer = await hubFetch(`${hubUrl}/blobs/1`, { headers: { range: 'bytes=1-' } });
  expect([answer.status, answer.headers.get('x-range')]).toEqual([206, 'bytes=1-']);
  const socket = new HubWebSocket(hubUrl.replace('https', 'wss'));
  const [message] = (await once(socket, 'message')) as [Buffer];
  socket.terminate();
  return [await answer.text(), message.toString()];
}

test('a pinned hub is known by its own certificate, and the system’s authorities vouch for all others', async () => {
  const [pinned, other] = [await serve(own), await serve(known)];
  await expect(hubFetch(pinned)).rejects.toThrow();
  await trust(pinned, own);
  expect(await hear(pinned)).toEqual(['hello', 'hello']);
  expect(await checkHub({ hubUrl: other })).toBeUndefined();
  await trust(other);
  expect(await hear(other)).toEqual(['hello', 'hello']);
  expect(await hear(pinned)).toEqual(['hello', 'hello']);
  await expect(hubFetch(await serve(own))).rejects.toThrow();
});

test('whoever takes a pinned hub’s place is not trusted, though the system would', async () => {
  const hubUrl = await serve(own);
  await trust(hubUrl, own);
  const [hub] = running.splice(0);
  hub?.close();
  hub?.closeAllConnections();
  await serve(known, Number(new URL(hubUrl).port));
  await expect(hubFetch(hubUrl)).rejects.toThrow(/certificate/);
  const socket = new HubWebSocket(hubUrl.replace('https', 'wss'));
  const [error] = (await once(socket, 'error')) as [Error];
  expect(error.message).toMatch(/certificate/);
});

test('a download from a pinned hub can be aborted', async () => {
  const hubUrl = await serve(own);
  await trust(hubUrl, own);
  running[0]?.removeAllListeners('request').on('request', (_request, response) => response.write('he'));
  const controller = new AbortController();
  const { body } = await hubFetch(hubUrl, { signal: controller.signal });
  const reader = body?.getReader();
  expect((await reader?.read())?.value).toHaveLength(2);
  controller.abort(new Error('not wanted any more'));
  await expect(reader?.read()).rejects.toThrow();
});

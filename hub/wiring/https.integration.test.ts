import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'node:tls';
import { once } from 'node:events';
import type { Certificate } from '@potluck/api';
import { protocolVersion, workerSocketPath } from '@potluck/protocol';
import { pino, type Logger } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createAuthority, issueServerCertificate } from '../network/certificate/issueCertificate.ts';
import { freePort } from '../../testing/freePort.ts';
import { redisMissing, startRedis } from '../../testing/servers/redisServer.ts';
import { readConfig } from './config.ts';
import { startHub, type RunningHub } from './startHub.ts';
import { workerPackagePath } from '../network/workerPackagePath.ts';

const joinToken = 'join-token-of-tests';
let data: string;
let hubs: RunningHub[];
let logged: string[];
let logger: Logger;

beforeEach(async () => {
  data = await mkdtemp(path.join(tmpdir(), 'potluck-https-'));
  hubs = [];
  logged = [];
  logger = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) });
});
afterEach(async () => {
  for (const hub of hubs) await hub.stop();
  await rm(data, { recursive: true, force: true });
});

async function start(...flags: string[]): Promise<RunningHub> {
  const own = ['--data', data, '--join-token', joinToken, '--local-workers', '0', '--host', '127.0.0.1'];
  const config = readConfig([...own, ...flags], process.env);
  if (!config) throw new Error('help was asked for');
  const hub = await startHub(config, logger);
  hubs.push(hub);
  return hub;
}

async function aboutHub(hub: RunningHub): Promise<{ httpsPort: number; fingerprint: string }> {
  return (await (await fetch(`${hub.url}/api/hub`)).json()) as { httpsPort: number; fingerprint: string };
}

const authorityOf = async (hub: RunningHub): Promise<string> =>
  (await fetch(`${hub.url}/api/hub/certificate.pem`)).text();

/** What a client that trusts the hub's authority, and nobody else, gets. */
async function getSecurely(
  port: number,
  ca: string,
  pathname: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  const asked = request({ host: '127.0.0.1', port, path: pathname, ca, agent: false, headers }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, body };
}

test('HTTPS serves what HTTP serves, web sockets included, under an authority that stays', async () => {
  const hub = await start('--port', '0');
  const { httpsPort, fingerprint } = await aboutHub(hub);
  const ca = await authorityOf(hub);
  expect(await getSecurely(httpsPort, ca, '/v1/models')).toEqual({
    status: 200,
    body: await (await fetch(`${hub.url}/v1/models`)).text(),
  });
  const socket = new WebSocket(`wss://127.0.0.1:${httpsPort}${workerSocketPath}`, { ca });
  await once(socket, 'open');
  const hello = {
    ...{ type: 'hello', protocolVersion, token: joinToken, workerId: randomUUID(), instanceId: randomUUID() },
    ...{ name: 'attic', kind: 'node', version: '0.1.0', memoryBytes: 1, cachedBlobs: [] },
    device: { kind: 'cpu', description: 'a processor', float16: false },
  };
  socket.send(JSON.stringify(hello));
  const [message] = (await once(socket, 'message')) as [Buffer];
  expect(JSON.parse(message.toString())).toMatchObject({ type: 'welcome' });
  socket.terminate();

  await hub.stop();
  const again = await start('--port', '0');
  expect((await aboutHub(again)).fingerprint).toBe(fingerprint);
  expect((await getSecurely((await aboutHub(again)).httpsPort, ca, '/health')).status).toBe(200);
});

test('the log says how to join over HTTPS, without the join token and without a QR code', async () => {
  const hub = await start('--port', '0', '--addresses', 'hub.example.org');
  const { httpsPort, fingerprint } = await aboutHub(hub);
  const messages = logged.map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect(messages).toContain(
    `a browser on another device joins at https://hub.example.org:${httpsPort}/join with the join token, which is the one you gave`,
  );
  expect(messages).toContain(
    `a machine without a browser joins with: npx --yes --ignore-scripts http://hub.example.org:${new URL(hub.url).port}${workerPackagePath} worker --hub https://hub.example.org:${httpsPort} ` +
      `--token '<join token>' --fingerprint ${fingerprint}`,
  );
  expect(logged.join('')).not.toMatch(/[▀▄█]/);
  expect(logged.join('')).not.toContain(joinToken);
  const links = (await (await fetch(`${hub.url}/api/join`)).json()) as { links: string[] };
  expect(links.links).toEqual([
    `https://hub.example.org:${httpsPort}/join#token=${joinToken}`,
    `https://127.0.0.1:${httpsPort}/join#token=${joinToken}`,
  ]);
});

const change = (hub: RunningHub, method: string, body?: object): Promise<Response> =>
  fetch(`${hub.url}/api/certificate`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });

test('a certificate that the operator brings is used at once and after a restart, until it is given back', async () => {
  let hub = await start('--port', '0');
  const own = await aboutHub(hub);
  const ownAuthority = await authorityOf(hub);
  const shown = (await (await change(hub, 'GET')).json()) as Certificate;
  expect(shown).toMatchObject({ kind: 'own', fingerprint: own.fingerprint, missingNames: [] });
  expect(shown.names).toContain('127.0.0.1');
  expect(shown.validTo).toBeGreaterThan(Date.now() + 300 * 86_400_000);

  const authority = await createAuthority('An authority');
  const server = await issueServerCertificate(authority, ['hub.example.org', 'localhost']);
  const wrong = await change(hub, 'PUT', { certificate: server.certificate, key: authority.key });
  expect([wrong.status, await wrong.text()]).toEqual([
    400,
    expect.stringMatching(/The key is not the key of/),
  ]);
  expect((await getSecurely(own.httpsPort, ownAuthority, '/health')).status).toBe(200);

  const chain = `${server.certificate}\n${authority.certificate}`;
  const used = await change(hub, 'PUT', { certificate: chain, key: server.key });
  const text = await used.text();
  expect(text).not.toContain('PRIVATE');
  expect(JSON.parse(text)).toMatchObject({
    kind: 'uploaded',
    names: ['hub.example.org', 'localhost'],
    issuer: 'CN=An authority',
    missingNames: ['127.0.0.1'],
  });
  const seen = async (): Promise<string | undefined> => {
    const { httpsPort } = await aboutHub(hub);
    const socket = connect({
      host: '127.0.0.1',
      port: httpsPort,
      ca: authority.certificate,
      servername: 'localhost',
    });
    await once(socket, 'secureConnect');
    const { subjectaltname } = socket.getPeerCertificate();
    socket.destroy();
    return subjectaltname;
  };
  expect(await seen()).toBe('DNS:hub.example.org, DNS:localhost');
  // Links lead to the name that the certificate is for.
  expect(await (await fetch(`${hub.url}/api/join`)).text()).toContain('"https://hub.example.org:');
  expect((await stat(path.join(data, 'certificate', 'uploaded.json'))).mode & 0o077).toBe(0);
  await hub.stop();
  hub = await start('--port', '0');
  expect(await seen()).toBe('DNS:hub.example.org, DNS:localhost');

  const back = (await (await change(hub, 'DELETE')).json()) as Certificate;
  expect(back).toMatchObject({ kind: 'own', fingerprint: own.fingerprint });
  expect((await getSecurely((await aboutHub(hub)).httpsPort, ownAuthority, '/health')).status).toBe(200);
});

test('an uploaded certificate that is no longer fit is said, and HTTPS goes on with the own one', async () => {
  await mkdir(path.join(data, 'certificate'), { recursive: true });
  const kept = JSON.stringify({ certificate: 'x', key: 'x' });
  await writeFile(path.join(data, 'certificate', 'uploaded.json'), kept);
  const hub = await start('--port', '0');
  expect(await (await change(hub, 'GET')).json()).toMatchObject({ kind: 'own' });
  expect(
    logged.filter((line) => line.includes('the uploaded certificate holds no certificate')),
  ).toHaveLength(1);
});

test('a certificate that the flags name is what browsers see, and is changed there', async () => {
  const authority = await createAuthority('An authority');
  const server = await issueServerCertificate(authority, ['127.0.0.1']);
  const [certificate, key] = [path.join(data, 'c.pem'), path.join(data, 'k.pem')];
  await writeFile(certificate, server.certificate);
  await writeFile(key, server.key);
  const hub = await start('--port', '0', '--certificate', certificate, '--certificate-key', key);
  expect(await (await change(hub, 'GET')).json()).toMatchObject({ kind: 'given', fingerprint: null });
  expect((await getSecurely((await aboutHub(hub)).httpsPort, authority.certificate, '/health')).status).toBe(
    200,
  );
  const body = { certificate: server.certificate, key: server.key };
  for (const refused of [await change(hub, 'PUT', body), await change(hub, 'DELETE')]) {
    expect([refused.status, await refused.text()]).toEqual([409, expect.stringContaining('--certificate')]);
  }
});

test('HTTPS can be turned off, and a port that is taken is named', async () => {
  const off = await start('--port', '0', '--https-port', 'off');
  expect(await aboutHub(off)).toMatchObject({ httpsPort: null, fingerprint: null });
  expect((await fetch(`${off.url}/api/hub/certificate.pem`)).status).toBe(404);
  expect((await change(off, 'GET')).status).toBe(404);
  await off.stop();
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  await expect(start('--port', '0', '--https-port', String(port))).rejects.toThrow(
    `127.0.0.1, port ${port} is in use. Stop the program that has it, or choose another with --https-port.`,
  );
  taken.close();
});

if (redisMissing !== undefined) test.skip(redisMissing, () => undefined);

test.skipIf(redisMissing !== undefined)(
  'of several hubs, one that follows serves HTTPS, and believes its proxy, as the one that leads',
  async () => {
    await using redis = await startRedis();
    const apiKey = 'key-of-these-tests';
    const flags = ['--redis-url', redis.url, '--behind-proxy', '--api-key', apiKey, '--port', '0'];
    const securePorts = [await freePort(), await freePort()];
    try {
      for (const port of securePorts)
        await start(...flags, '--https-port', String(port), '--stun-port', 'off');
      const [leader, follower] = hubs;
      expect(await (await fetch(`${follower?.url}/health`)).json()).toMatchObject({ role: 'follows' });
      // Behind a proxy, nobody asks without a key.
      expect((await fetch(`${follower?.url}/v1/models`)).status).toBe(401);
      const headers = { authorization: `Bearer ${apiKey}` };
      const ca = await authorityOf(leader as RunningHub);
      const models = await fetch(`${leader?.url}/v1/models`, { headers });
      expect(await getSecurely(securePorts[1] ?? 0, ca, '/v1/models', headers)).toEqual({
        status: 200,
        body: await models.text(),
      });
      // Whom the proxy names is who asks, and where it says that people see the hub, they do.
      const forwarded = {
        ...{ 'x-forwarded-for': '10.1.2.3', 'x-forwarded-proto': 'https' },
        ...{ 'x-forwarded-host': 'example.org', 'x-forwarded-prefix': '/potluck' },
      };
      const greeting = async (hub: RunningHub | undefined): Promise<string> =>
        (await fetch(`${hub?.url}/`, { headers: { accept: 'text/plain', ...forwarded } })).text();
      expect(await greeting(follower)).toContain('https://example.org/potluck/v1');
      expect(await greeting(follower)).toBe(await greeting(leader));
    } finally {
      for (const hub of hubs.splice(0).reverse()) await hub.stop();
    }
  },
);

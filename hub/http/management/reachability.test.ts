import type { JoinInformation } from '@potluck/api';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { createAuthority } from '../../network/certificate/issueCertificate.ts';
import type { Reachability } from '../../network/reachability/reachability.ts';
import { findSource } from '../source.ts';
import { loopbackNetworks, trustedProxies } from '../trustedProxies.ts';
import { hubInformationRoutes, joinInformationRoutes } from './reachability.ts';
import { workerPackagePath } from '../../network/workerPackagePath.ts';

const secure: Reachability = {
  httpPort: 8000,
  httpsPort: 8443,
  hosts: ['192.168.1.20'],
  fingerprint: 'AA:BB',
};

test('a page learns where HTTPS is, and gets no secret', async () => {
  let reach = secure;
  const app = new Hono().use(findSource());
  app.route('/', hubInformationRoutes({ reachability: () => reach, https: () => undefined }));
  const answer: unknown = await (await app.request('/')).json();
  expect(answer).toEqual({
    name: expect.any(String) as string,
    version: expect.any(String) as string,
    httpPort: 8000,
    httpsPort: 8443,
    addresses: ['192.168.1.20'],
    publicUrls: [],
    stunPort: null,
    fingerprint: 'AA:BB',
  });
  reach = { httpPort: 8000, hosts: ['10.0.0.7'] };
  expect(await (await app.request('/')).json()).toMatchObject({
    httpsPort: null,
    fingerprint: null,
    addresses: ['10.0.0.7'],
  });
});

test("the hub's own authority can be downloaded, to be installed", async () => {
  const authority = await createAuthority('Potluck hub');
  const certificate = { kind: 'own' as const, ...authority };
  const app = hubInformationRoutes({ reachability: () => secure, https: () => ({ certificate }) });
  const answer = await app.request('/certificate.pem');
  expect(answer.headers.get('content-type')).toBe('application/x-x509-ca-cert');
  expect((await answer.text()).trim()).toBe(authority.certificate.trim());
});

test('who may invite gets links and commands', async () => {
  const app = new Hono();
  app.use(findSource(trustedProxies(loopbackNetworks)), async (c, next) => {
    c.set('caller', { scopes: ['admin'], via: 'local', owner: 'local' });
    await next();
  });
  app.route('/', joinInformationRoutes({ reachability: () => secure, joinToken: () => 'secret' }));
  const answer = await app.request('/');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(await answer.json()).toEqual({
    token: 'secret',
    links: ['https://192.168.1.20:8443/join#token=secret'],
    commands: [
      `npx --yes --ignore-scripts http://192.168.1.20:8000${workerPackagePath} worker --hub https://192.168.1.20:8443 --token secret --fingerprint AA:BB`,
    ],
  });

  // A proxy that the operator named says where others reach the hub; it shows a certificate of its own there.
  const forwarded = {
    'x-forwarded-host': 'example.org',
    'x-forwarded-proto': 'https',
    'x-forwarded-prefix': '/potluck',
  };
  const through = async (remoteAddress: string): Promise<JoinInformation> =>
    (await (
      await app.request('/', { headers: forwarded }, { incoming: { socket: { remoteAddress } } })
    ).json()) as JoinInformation;
  const { links, commands } = await through('127.0.0.1');
  expect(links).toEqual([
    'https://example.org/potluck/join#token=secret',
    'https://192.168.1.20:8443/join#token=secret',
  ]);
  expect(commands[0]).toBe(
    `npx --yes --ignore-scripts https://example.org/potluck${workerPackagePath} worker --hub https://example.org/potluck --token secret`,
  );
  expect((await through('10.0.0.9')).links).toHaveLength(1);
});

import type { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { certificatesIn, type HubCertificate } from './hubCertificate.ts';
import { createAuthority } from './issueCertificate.ts';
import { ownCertificate as ownCertificateAt, type CertificateNames } from './ownCertificate.ts';

let folder: string;
/** Unix milliseconds on the hub's clock. */
let now: number;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'potluck-certificate-'));
  now = Date.now();
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const dayMs = 86_400_000;
const logger = pino({ level: 'silent' });
const ownCertificate = (in_: string, named: CertificateNames): Promise<HubCertificate> =>
  ownCertificateAt({ logger, now: () => now }, in_, named);

const names = {
  required: ['attic', 'attic.local', 'localhost', '192.168.1.20', '127.0.0.1', '::1'],
  optional: ['fd00::2'],
};
const serverOf = ({ certificate }: HubCertificate): X509Certificate =>
  certificatesIn(certificate)[0] as X509Certificate;

/** Shakes hands with a server that shows the certificate, as a client that trusts its root only. */
async function handshake(own: HubCertificate, host: string): Promise<true | string> {
  const server = createServer({ cert: own.certificate, key: own.key }, (socket) => socket.end()).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const ca = (certificatesIn(own.certificate).at(-1) as X509Certificate).toString();
  const socket: TLSSocket = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    ca,
    servername: '',
  });
  const outcome = await new Promise<true | string>((resolve) => {
    socket.once('secureConnect', () => resolve(true)).once('error', (error: Error) => resolve(error.message));
  });
  const presented = socket.getPeerX509Certificate();
  socket.destroy();
  server.close();
  if (outcome !== true) return outcome;
  const named =
    host.includes(':') || /^[\d.]+$/.test(host) ? presented?.checkIP(host) : presented?.checkHost(host);
  return named === undefined ? `it does not name ${host}` : true;
}

test('it is made once, kept, and good for every name of the hub', async () => {
  const made = await ownCertificate(folder, names);
  for (const name of [...names.required, ...names.optional]) expect(await handshake(made, name)).toBe(true);
  expect(await handshake(made, 'elsewhere')).toBe('it does not name elsewhere');
  expect(made.kind).toBe('own');
  expect(made.fingerprint).toBe(certificatesIn(made.certificate)[1]?.fingerprint256);
  expect(await ownCertificate(folder, names)).toEqual(made);
  for (const file of ['authority-key.pem', 'server-key.pem']) {
    expect((await stat(path.join(folder, file))).mode & 0o777).toBe(0o600);
  }
});

test('a new address renews it under the same authority, and former ones stay in it', async () => {
  const before = await ownCertificate(folder, names);
  const moved = await ownCertificate(folder, { required: ['localhost', '10.0.0.7'], optional: [] });
  expect(moved.fingerprint).toBe(before.fingerprint);
  expect(moved.certificate).not.toBe(before.certificate);
  for (const name of ['10.0.0.7', '192.168.1.20', 'fd00::2']) expect(await handshake(moved, name)).toBe(true);
  // Back in the first network nothing changes; nor for an address that is no reason.
  expect(await ownCertificate(folder, { ...names, optional: ['fd00::99'] })).toEqual(moved);
});

test('it is renewed before it expires, and is never valid longer than browsers allow', async () => {
  const before = await ownCertificate(folder, names);
  const days = (serverOf(before).validToDate.getTime() - serverOf(before).validFromDate.getTime()) / dayMs;
  expect(days).toBeLessThanOrEqual(398);
  now = serverOf(before).validToDate.getTime() - 29 * dayMs;
  const renewed = await ownCertificate(folder, names);
  expect(serverOf(renewed).validToDate.getTime()).toBeGreaterThan(serverOf(before).validToDate.getTime());
  expect(renewed.fingerprint).toBe(before.fingerprint);
});

test.each([30, -14 * 365, -56 * 365])(
  'made with a clock that is %d days wrong, it works once the clock is right, and its fingerprint stays',
  async (days) => {
    const right = now;
    now += days * dayMs;
    const early = await ownCertificate(folder, names);
    now = right;
    const later = await ownCertificate(folder, names);
    expect(await handshake(later, '127.0.0.1')).toBe(true);
    expect(later.fingerprint).toBe(early.fingerprint);
  },
);

test.each([
  [30, 3680],
  [-5111, -1461],
])('an authority of an earlier version that is valid from day %d to %d is replaced', async (from, to) => {
  const validity = { notBefore: new Date(now + from * dayMs), notAfter: new Date(now + to * dayMs) };
  const former = await createAuthority('Potluck hub', validity);
  await writeFile(path.join(folder, 'authority.pem'), former.certificate);
  await writeFile(path.join(folder, 'authority-key.pem'), former.key);
  const right = now;
  // This hub's clock is wrong now, so that it can't know.
  now = Date.UTC(1970, 0, 2);
  const kept = await ownCertificate(folder, names);
  expect(kept.fingerprint).toBe(certificatesIn(former.certificate)[0]?.fingerprint256);
  now = right;
  const made = await ownCertificate(folder, names);
  expect(made.fingerprint).not.toBe(kept.fingerprint);
  expect(await handshake(made, '127.0.0.1')).toBe(true);
  expect(await ownCertificate(folder, names)).toEqual(made);
});

test('a damaged file is named, with the way out', async () => {
  await ownCertificate(folder, names);
  const file = path.join(folder, 'server-key.pem');
  await writeFile(file, (await readFile(path.join(folder, 'authority-key.pem'))).toString());
  await expect(ownCertificate(folder, names)).rejects.toThrow(
    /server\.pem or its key can't be used: the key is not that of the certificate.*Delete/,
  );
});

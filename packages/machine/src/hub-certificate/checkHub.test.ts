import { once } from 'node:events';
import { X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { afterEach, beforeAll, expect, test } from 'vitest';
import {
  createAuthority,
  issueServerCertificate,
  type KeyedCertificate,
} from '../../../../hub/network/certificate/issueCertificate.ts';
import { CertificateError } from './certificateError.ts';
import { checkHub } from './checkHub.ts';

let authority: KeyedCertificate;
let server: KeyedCertificate;
let running: Server | undefined;
const fingerprintOf = ({ certificate }: KeyedCertificate): string =>
  new X509Certificate(certificate).fingerprint256;

beforeAll(async () => {
  authority = await createAuthority('Potluck hub');
  server = await issueServerCertificate(authority, ['localhost', '127.0.0.1']);
});
afterEach(() => running?.close());

/** A hub as far as TLS goes. */
async function serve(...chain: KeyedCertificate[]): Promise<string> {
  const cert = chain.map(({ certificate }) => certificate).join('\n');
  running = createServer({ cert, key: server.key })
    .on('tlsClientError', () => undefined)
    .listen(0, '127.0.0.1');
  await once(running, 'listening');
  return `https://127.0.0.1:${(running.address() as AddressInfo).port}`;
}

test('a hub whose authority has the fingerprint is the one that was meant', async () => {
  const hubUrl = await serve(server, authority);
  const pinned = await checkHub({ hubUrl, fingerprint: fingerprintOf(authority) });
  expect(pinned?.toString().trim()).toBe(authority.certificate.trim());
});

test('without a fingerprint an unknown authority is not trusted, and the message has what to compare', async () => {
  const hubUrl = await serve(server, authority);
  await expect(checkHub({ hubUrl })).rejects.toThrow(CertificateError);
  await expect(checkHub({ hubUrl })).rejects.toThrow(`--fingerprint ${fingerprintOf(authority)}`);
});

test('another hub is not trusted, whatever it shows', async () => {
  const other = await createAuthority('Potluck hub');
  const hubUrl = await serve(server, authority);
  await expect(checkHub({ hubUrl, fingerprint: fingerprintOf(other) })).rejects.toThrow(
    /Someone may stand between/,
  );
});

test("the server's own fingerprint, which changes, is answered with the one that stays", async () => {
  const fingerprint = fingerprintOf(server);
  await expect(checkHub({ hubUrl: await serve(server, authority), fingerprint })).rejects.toThrow(
    `--fingerprint ${fingerprintOf(authority)}`,
  );
  running?.close();
  await expect(checkHub({ hubUrl: await serve(server), fingerprint })).rejects.toThrow(/NODE_EXTRA_CA_CERTS/);
});

test('a name that the certificate lacks is named, with the way out', async () => {
  server = await issueServerCertificate(authority, ['hub.example.org']);
  const hubUrl = await serve(server, authority);
  await expect(checkHub({ hubUrl, fingerprint: fingerprintOf(authority) })).rejects.toThrow(
    /does not name 127\.0\.0\.1.*--addresses 127\.0\.0\.1/,
  );
});

test('a hub that is not there is the network’s error, to be tried again', async () => {
  const hubUrl = await serve(server, authority);
  running?.close();
  await once(running as Server, 'close');
  const failure = checkHub({ hubUrl });
  await expect(failure).rejects.toThrow(/ECONNREFUSED/);
  await expect(failure).rejects.not.toThrow(CertificateError);
});

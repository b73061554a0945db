import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { givenCertificate } from './givenCertificate.ts';
import { certificatesIn } from './hubCertificate.ts';
import { createAuthority, issueServerCertificate, type KeyedCertificate } from './issueCertificate.ts';

let folder: string;
let authority: KeyedCertificate;
let server: KeyedCertificate;
let other: KeyedCertificate;
const file = (name: string): string => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'potluck-given-'));
  authority = await createAuthority('An authority');
  server = await issueServerCertificate(authority, ['hub.example.org']);
  other = await issueServerCertificate(authority, ['other.example.org']);
  await writeFile(file('chain.pem'), `${server.certificate}\n${authority.certificate}\n`);
  await writeFile(file('server.pem'), server.certificate);
  await writeFile(file('key.pem'), server.key);
  await writeFile(file('other-key.pem'), other.key);
  await writeFile(file('damaged.pem'), server.certificate.replace(/\n.{20}/, '\nAAAA'));
  await writeFile(file('empty.pem'), '');
});
afterEach(() => vi.useRealTimers());
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a chain with its root has a fingerprint to hold on to; one without has none', async () => {
  const whole = await givenCertificate(file('chain.pem'), file('key.pem'));
  expect(whole.kind).toBe('given');
  expect(whole.fingerprint).toBe(certificatesIn(authority.certificate)[0]?.fingerprint256);
  const bare = await givenCertificate(file('server.pem'), file('key.pem'));
  expect(bare.fingerprint).toBeUndefined();
});

test.each([
  ['missing.pem', 'key.pem', /--certificate .*missing\.pem can't be read: ENOENT/],
  ['chain.pem', 'missing.pem', /--certificate-key .*missing\.pem can't be read: ENOENT/],
  ['empty.pem', 'key.pem', /holds no certificate; it takes a PEM file/],
  ['damaged.pem', 'key.pem', /damaged\.pem is damaged/],
  ['chain.pem', 'server.pem', /holds no private key that can be read/],
  ['chain.pem', 'other-key.pem', /other-key\.pem is not the key of the certificate.*DNS:hub\.example\.org/],
])('%s with %s is refused with the reason', async (certificate, key, message) => {
  await expect(givenCertificate(file(certificate), file(key))).rejects.toThrow(message);
});

test('an expired one is refused', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 500 * 86_400_000 });
  await expect(givenCertificate(file('chain.pem'), file('key.pem'))).rejects.toThrow(/expired on .*Renew it/);
});

test('one that is not valid yet is refused', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 5 * 86_400_000 });
  await expect(givenCertificate(file('chain.pem'), file('key.pem'))).rejects.toThrow(
    /is valid from .* on only/,
  );
});

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createAuthority, issueServerCertificate, type KeyedCertificate } from './issueCertificate.ts';
import {
  forgetUploadedCertificate,
  keepUploadedCertificate,
  uploadedCertificate,
} from './uploadedCertificate.ts';

let folder: string;
let one: KeyedCertificate;
let other: KeyedCertificate;
beforeAll(async () => {
  const authority = await createAuthority('An authority');
  one = await issueServerCertificate(authority, ['one.example.org']);
  other = await issueServerCertificate(authority, ['other.example.org']);
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'potluck-uploaded-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('it is kept for its owner only, until it is forgotten', async () => {
  expect(await uploadedCertificate(folder)).toBeUndefined();
  await keepUploadedCertificate(folder, one);
  expect(await uploadedCertificate(folder)).toMatchObject({ kind: 'uploaded', ...one });
  expect((await stat(path.join(folder, 'uploaded.json'))).mode & 0o077).toBe(0);
  await forgetUploadedCertificate(folder);
  expect(await uploadedCertificate(folder)).toBeUndefined();
});

test('whoever looks while another comes finds one of them, whole', async () => {
  await keepUploadedCertificate(folder, one);
  let isWritten = false;
  const writing = keepUploadedCertificate(folder, other).finally(() => {
    isWritten = true;
  });
  while (!isWritten) {
    expect([one.certificate, other.certificate]).toContain((await uploadedCertificate(folder))?.certificate);
  }
  await writing;
  expect(await uploadedCertificate(folder)).toMatchObject(other);
});

test('one that is refused leaves the former', async () => {
  await keepUploadedCertificate(folder, one);
  await expect(
    keepUploadedCertificate(folder, { certificate: other.certificate, key: one.key }),
  ).rejects.toThrow(/is not the key of the certificate/);
  expect(await uploadedCertificate(folder)).toMatchObject(one);
});

test('a file that is damaged says what to do', async () => {
  await writeFile(path.join(folder, 'uploaded.json'), '{"certificate":');
  await expect(uploadedCertificate(folder)).rejects.toThrow(/is damaged: .*Upload it again/);
});

/** A certificate that the operator gave to the running hub; kept in its folder. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { systemCodeOf } from '../errors.ts';
import type { ServerCertificate } from '../listen.ts';
import { writeFileAtomically } from '../writeFileAtomically.ts';
import { checkCertificate } from './checkCertificate.ts';
import type { HubCertificate } from './hubCertificate.ts';

/**
 * @returns undefined where none is kept
 * @throws CertificateProblem where it can't be used any more
 */
export async function uploadedCertificate(folder: string): Promise<HubCertificate | undefined> {
  try {
    const certificate = await readFile(certificateFile(folder), 'utf8');
    const key = await readFile(keyFile(folder), 'utf8');
    return { kind: 'uploaded', ...checkCertificate({ certificate, key }) };
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** @throws CertificateProblem where it can't be used, StorageError where it can't be written; then all is as before */
export async function keepUploadedCertificate(folder: string, given: ServerCertificate): Promise<void> {
  const { certificate, key } = checkCertificate(given);
  // One without the other's mate counts as none, whenever the hub stops.
  await forgetUploadedCertificate(folder);
  await writeFileAtomically(keyFile(folder), `${key.trim()}\n`, 0o600);
  await writeFileAtomically(certificateFile(folder), `${certificate.trim()}\n`);
}

/** Forgets it, if there is one. */
export async function forgetUploadedCertificate(folder: string): Promise<void> {
  await rm(certificateFile(folder), { force: true });
  await rm(keyFile(folder), { force: true });
}

const certificateFile = (folder: string): string => path.join(folder, 'uploaded.pem');
const keyFile = (folder: string): string => path.join(folder, 'uploaded-key.pem');

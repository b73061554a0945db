/** A certificate that the operator gave to the running hub; kept in its folder. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { systemCodeOf } from '../../errors/systemCodeOf.ts';
import { messageOf } from '../../errors/messageOf.ts';
import type { ServerCertificate } from '../listen.ts';
import { writeFileAtomically } from '../../files/writeFileAtomically.ts';
import { CertificateProblem, checkCertificate } from './checkCertificate.ts';
import type { HubCertificate } from './hubCertificate.ts';

/** Both in one file, so that there is never one without the other's mate. Both PEM. */
const KeptCertificate = z.object({ certificate: z.string(), key: z.string() });

/**
 * @returns undefined where none is kept
 * @throws CertificateProblem where it can't be used any more
 */
export async function uploadedCertificate(folder: string): Promise<HubCertificate | undefined> {
  let text: string;
  try {
    text = await readFile(fileIn(folder), 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  return { kind: 'uploaded', ...checkCertificate(parse(text)) };
}

/** @throws CertificateProblem where it can't be used, StorageError where it can't be written; then all is as before */
export async function keepUploadedCertificate(folder: string, given: ServerCertificate): Promise<void> {
  const { certificate, key } = checkCertificate(given);
  await writeFileAtomically(fileIn(folder), `${JSON.stringify({ certificate, key })}\n`, 0o600);
}

/** Forgets it, if there is one. */
export async function forgetUploadedCertificate(folder: string): Promise<void> {
  await rm(fileIn(folder), { force: true });
}

const fileIn = (folder: string): string => path.join(folder, 'uploaded.json');

function parse(text: string): ServerCertificate {
  try {
    return KeptCertificate.parse(JSON.parse(text));
  } catch (cause) {
    throw new CertificateProblem('certificate', `is damaged: ${messageOf(cause)}. Upload it again.`, {
      cause,
    });
  }
}

/** A certificate that whoever starts the hub brings, as files. */
import { readFile } from 'node:fs/promises';
import { messageOf } from '../../errors/messageOf.ts';
import { StartError } from '../../errors/startError.ts';
import { CertificateProblem, checkCertificate } from './checkCertificate.ts';
import type { HubCertificate } from './hubCertificate.ts';

/**
 * Reads a certificate chain and its key, both PEM, and checks that they fit.
 * @throws StartError that says which file is wrong, and how
 */
export async function givenCertificate(certificateFile: string, keyFile: string): Promise<HubCertificate> {
  const certificate = await contents('--certificate', certificateFile);
  const key = await contents('--certificate-key', keyFile);
  try {
    return { kind: 'given', ...checkCertificate({ certificate, key }) };
  } catch (error) {
    if (!(error instanceof CertificateProblem)) throw error;
    const which = error.part === 'key' ? `--certificate-key ${keyFile}` : `--certificate ${certificateFile}`;
    throw new StartError(`${which} ${error.message}`, { cause: error });
  }
}

async function contents(flag: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new StartError(`${flag} ${file} can't be read: ${messageOf(cause)}`, { cause });
  }
}

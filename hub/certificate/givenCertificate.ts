/** A certificate that whoever runs the hub brings. */
import type { X509Certificate } from 'node:crypto';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { StartError, messageOf } from '../errors.ts';
import { certificatesIn, rootFingerprint, type HubCertificate } from './hubCertificate.ts';

/**
 * Reads a certificate chain and its key, both PEM, and checks that they fit.
 * @throws StartError that says which file is wrong, and how
 */
export async function givenCertificate(certificateFile: string, keyFile: string): Promise<HubCertificate> {
  const certificate = await contents('--certificate', certificateFile);
  const key = await contents('--certificate-key', keyFile);
  const chain = chainIn(certificate, certificateFile);
  const [server] = chain;
  if (!server) {
    throw new StartError(
      `--certificate ${certificateFile} holds no certificate; it takes a PEM file, chain included.`,
    );
  }
  if (!server.checkPrivateKey(privateKey(key, keyFile))) {
    throw new StartError(
      `--certificate-key ${keyFile} is not the key of ${certificateFile}, whose first certificate is that of ${nameOf(server)}.`,
    );
  }
  if (server.validToDate.getTime() < Date.now()) {
    throw new StartError(
      `--certificate ${certificateFile} expired on ${server.validTo}. Renew it, or leave it out: the hub makes its own.`,
    );
  }
  const fingerprint = rootFingerprint(chain);
  return { kind: 'given', certificate, key, ...(fingerprint === undefined ? {} : { fingerprint }) };
}

async function contents(flag: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new StartError(`${flag} ${file} can't be read: ${messageOf(cause)}`, { cause });
  }
}

function chainIn(pem: string, file: string): X509Certificate[] {
  try {
    return certificatesIn(pem);
  } catch (cause) {
    throw new StartError(`--certificate ${file} is damaged: ${messageOf(cause)}`, { cause });
  }
}

function privateKey(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new StartError(
      `--certificate-key ${file} holds no private key that can be read; it takes a PEM file without a passphrase.`,
      { cause },
    );
  }
}

function nameOf({ subjectAltName, subject }: X509Certificate): string {
  return subjectAltName ?? subject;
}

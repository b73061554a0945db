/** Is a certificate that somebody brings fit to serve HTTPS with? */
import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../../errors/messageOf.ts';
import type { ServerCertificate } from '../listen.ts';
import { certificatesIn, rootFingerprint, type HubCertificate } from './hubCertificate.ts';

/** Thrown for a certificate or key that can't be used; the message goes on after the name of what is wrong. */
export class CertificateProblem extends Error {
  override readonly name = 'CertificateProblem';
  readonly part: 'certificate' | 'key';

  constructor(part: CertificateProblem['part'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.part = part;
  }
}

/**
 * Checks that a chain and its key can be read, belong together, and are valid now.
 * @param given both PEM
 * @throws CertificateProblem
 */
export function checkCertificate({ certificate, key }: ServerCertificate): Omit<HubCertificate, 'kind'> {
  const chain = chainIn(certificate);
  const [server] = chain;
  if (!server) {
    throw new CertificateProblem('certificate', 'holds no certificate; it takes a PEM file, chain included.');
  }
  if (!server.checkPrivateKey(privateKey(key))) {
    const name = server.subjectAltName ?? server.subject;
    throw new CertificateProblem('key', `is not the key of the certificate, which is that of ${name}.`);
  }
  if (server.validToDate.getTime() < Date.now()) {
    const message = `expired on ${server.validTo}. Renew it, or leave it out: the hub makes its own.`;
    throw new CertificateProblem('certificate', message);
  }
  if (server.validFromDate.getTime() > Date.now()) {
    const message = `is valid from ${server.validFrom} on only. Check this machine's clock, or use it then.`;
    throw new CertificateProblem('certificate', message);
  }
  try {
    createSecureContext({ cert: certificate, key });
  } catch (cause) {
    throw new CertificateProblem('certificate', `can't be used for HTTPS: ${messageOf(cause)}`, { cause });
  }
  const fingerprint = rootFingerprint(chain);
  return { certificate, key, ...(fingerprint === undefined ? {} : { fingerprint }) };
}

function chainIn(pem: string): X509Certificate[] {
  try {
    return certificatesIn(pem);
  } catch (cause) {
    throw new CertificateProblem('certificate', `is damaged: ${messageOf(cause)}`, { cause });
  }
}

function privateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new CertificateProblem(
      'key',
      'holds no private key that can be read; it takes a PEM file without a passphrase.',
      { cause },
    );
  }
}

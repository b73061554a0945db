/** The certificate with which the hub serves HTTPS. */
import { X509Certificate } from 'node:crypto';

export interface HubCertificate {
  /** Made by the hub, or given by whoever runs it. */
  kind: 'own' | 'given';
  /** PEM: the server's certificate, then those that signed it. */
  certificate: string;
  /** PEM: its private key. */
  key: string;
  /**
   * SHA-256 of the self-signed certificate at the chain's end, as `AA:BB:…`: it stays when the server's own certificate
   * is renewed, so workers can hold on to it. Undefined where the chain has none, as public authorities have it.
   */
  fingerprint?: string;
}

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The certificates of a PEM file, in order.
 * @throws the parser's error where one is damaged
 */
export function certificatesIn(pem: string): X509Certificate[] {
  return [...pem.matchAll(pemCertificate)].map(([text]) => new X509Certificate(text));
}

/** Fingerprint of a chain's end, if the chain holds its end. */
export function rootFingerprint(chain: readonly X509Certificate[]): string | undefined {
  return chain.find((certificate) => certificate.checkIssued(certificate))?.fingerprint256;
}

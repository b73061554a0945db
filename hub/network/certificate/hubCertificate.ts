/** The certificate with which the hub serves HTTPS. */
import { X509Certificate } from 'node:crypto';

export interface HubCertificate {
  /** Made by the hub, given as files at its start, or given to it while it ran. */
  kind: 'own' | 'given' | 'uploaded';
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

/** Names and addresses of a certificate: `DNS:a.local, IP Address:10.0.0.1` as plain names. */
export function namesIn({ subjectAltName = '' }: X509Certificate): string[] {
  return subjectAltName
    .split(', ')
    .map((name) => name.replace(/^(DNS|IP Address):/, ''))
    .filter((name) => name !== '')
    .map(shortAddress);
}

/** Node writes IPv6 addresses of certificates in full: `FD00:0:0:0:0:0:0:2`. */
function shortAddress(name: string): string {
  return name.includes(':') ? (URL.parse(`http://[${name}]`)?.hostname.slice(1, -1) ?? name) : name;
}

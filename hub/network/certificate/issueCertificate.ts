/** Makes certificates: an authority of the hub's own, and what it signs for the server. */
import 'reflect-metadata';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its private key, both PEM. */
export interface KeyedCertificate {
  certificate: string;
  key: string;
}

interface Validity {
  notBefore: Date;
  notAfter: Date;
}

/** Every browser and Node take it. */
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 24 * 60 * 60 * 1000;
/**
 * Valid whatever a clock says that is wrong by years, at its making or now: people and workers trust the authority by
 * what it is, and one that its own hub's clock shuts out would have to be replaced, and everybody asked again. 2049 ends
 * what the older of the two forms of dates in certificates can say (RFC 5280, 4.1.2.5).
 */
const authorityValidity = {
  notBefore: new Date('1970-01-01T00:00:00Z'),
  notAfter: new Date('2049-12-31T23:59:59Z'),
};
/** Apple refuses more than 825 days, also from authorities that a person installed. */
const serverDays = 397;
/** Clocks of other devices may be late. */
const earlierMs = dayMs;

/** Makes a self-signed authority that may sign server certificates only. */
export async function createAuthority(
  name: string,
  validity: Validity = authorityValidity,
): Promise<KeyedCertificate> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    ...validity,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await keyPem(keys.privateKey) };
}

/**
 * Makes a server certificate.
 * @param names DNS names and IP addresses (IPv6 without brackets), at least one
 * @param now Unix milliseconds
 */
export async function issueServerCertificate(
  authority: KeyedCertificate,
  names: readonly string[],
  now = Date.now(),
): Promise<KeyedCertificate> {
  const issuer = new X509Certificate(authority.certificate);
  const signingKey = await crypto.subtle.importKey(
    'pkcs8',
    PemConverter.decodeFirst(authority.key),
    algorithm,
    false,
    ['sign'],
  );
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [names[0] ?? 'potluck'] }],
    issuer: issuer.subjectName,
    notBefore: new Date(now - earlierMs),
    notAfter: new Date(now + serverDays * dayMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await keyPem(keys.privateKey) };
}

async function keyPem(key: CryptoKey): Promise<string> {
  return PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

/**
 * The hub's own certificate: made at the first start, kept in a folder, renewed when it no longer fits. Browsers show
 * their GPU to HTTPS pages only. The hub is its own authority, which stays when the certificate is renewed: what workers
 * hold on to (`--fingerprint`) is the authority's.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { systemCodeOf } from '../../errors/systemCodeOf.ts';
import { messageOf } from '../../errors/messageOf.ts';
import { StartError } from '../../errors/startError.ts';
import { writeFileAtomically } from '../../files/writeFileAtomically.ts';
import { namesIn, type HubCertificate } from './hubCertificate.ts';
import type { KeyedCertificate } from './issueCertificate.ts';

/** A certificate that ends sooner than this is renewed. */
const renewBeforeMs = 30 * 24 * 60 * 60 * 1000;
/** No clock that shows an earlier time is right: this was written later (Unix milliseconds). */
const writtenMs = Date.UTC(2026, 10, 1);
/** Names of networks that are gone stay in the certificate, so that it need not change when they come back. */
const mostNames = 64;

/** The library takes a while to load, and is not needed at most starts. */
const issuing = () => import('./issueCertificate.ts');

export interface CertificateNames {
  /** DNS names and IP addresses, at least one. The certificate is renewed if one is missing in it. */
  required: readonly string[];
  /** Go into a new certificate, but are no reason for one: IPv6 addresses that change every day. */
  optional: readonly string[];
}

export interface OwnCertificateComponents {
  logger: Logger;
  /** Unix milliseconds. */
  now: () => number;
}

/**
 * Reads the hub's own certificate, and makes or renews what is missing, expires or lacks a name. An authority that no
 * longer is valid, or not yet, because a clock was wrong when it was made, is replaced.
 * @param folder holds `authority.pem`, `server.pem` and their keys (readable by the owner only)
 * @throws StartError if a file is damaged, StorageError if one can't be written
 */
export async function ownCertificate(
  { logger, now: clock }: OwnCertificateComponents,
  folder: string,
  names: CertificateNames,
): Promise<HubCertificate> {
  const now = clock();
  const former = await read(folder, 'authority');
  const authority =
    former && canSign(former, now)
      ? former
      : await write(folder, 'authority', await (await issuing()).createAuthority('Potluck hub'));
  if (former && former !== authority) {
    logger.warn(
      "the hub's certificate authority was made while the clock was wrong, or is too old: the hub made a new one. " +
        'Workers and browsers that trusted the old one must join again, with the link or the fingerprint of today',
    );
  }
  const present = await read(folder, 'server');
  const server =
    present && isFit(present, authority, names.required, now)
      ? present
      : await write(
          folder,
          'server',
          await (await issuing()).issueServerCertificate(authority, allNames(names, present), now),
        );
  return {
    kind: 'own',
    certificate: `${server.certificate.trim()}\n${authority.certificate.trim()}\n`,
    key: `${server.key.trim()}\n`,
    fingerprint: new X509Certificate(authority.certificate).fingerprint256,
  };
}

/** With a clock that is wrong at present nothing can be said, and the authority stays. */
function canSign({ certificate }: KeyedCertificate, now: number): boolean {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  if (now < writtenMs) return true;
  return validFromDate.getTime() <= now && validToDate.getTime() - now > renewBeforeMs;
}

function isFit(
  { certificate }: KeyedCertificate,
  authority: KeyedCertificate,
  required: readonly string[],
  now: number,
): boolean {
  const server = new X509Certificate(certificate);
  const issuer = new X509Certificate(authority.certificate);
  return (
    server.checkIssued(issuer) &&
    server.verify(issuer.publicKey) &&
    server.validToDate.getTime() - now > renewBeforeMs &&
    server.validFromDate.getTime() <= now &&
    required.every((name) => namesIn(server).includes(name))
  );
}

function allNames({ required, optional }: CertificateNames, present: KeyedCertificate | undefined): string[] {
  const former = present ? namesIn(new X509Certificate(present.certificate)) : [];
  return [...new Set([...required, ...optional, ...former])].slice(0, mostNames);
}

async function read(folder: string, name: string): Promise<KeyedCertificate | undefined> {
  const file = path.join(folder, `${name}.pem`);
  try {
    const certificate = await readFile(file, 'utf8');
    const key = await readFile(path.join(folder, `${name}-key.pem`), 'utf8');
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
      throw new Error('the key is not that of the certificate');
    }
    return { certificate, key };
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return undefined;
    throw new StartError(
      `${file} or its key can't be used: ${messageOf(cause)}. Delete ${folder}: the hub makes a new certificate then, ` +
        'and everybody who trusted the old one is asked again.',
      { cause },
    );
  }
}

async function write(folder: string, name: string, made: KeyedCertificate): Promise<KeyedCertificate> {
  // The key first: a certificate without its key would be of no use.
  await writeFileAtomically(path.join(folder, `${name}-key.pem`), `${made.key.trim()}\n`, 0o600);
  await writeFileAtomically(path.join(folder, `${name}.pem`), `${made.certificate.trim()}\n`);
  return made;
}

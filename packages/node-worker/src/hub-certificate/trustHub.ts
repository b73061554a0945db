/** Makes this process trust a hub's own certificate, for web sockets, downloads and signalling alike. */
import type { X509Certificate } from 'node:crypto';
import * as tls from 'node:tls';
import type { Log } from '@potluck/worker';
import { CertificateError } from '../errors.ts';
import { awaitHub, type AwaitHubInit } from './awaitHub.ts';

/** Node 22.19 and 24.5 brought these two. */
const { setDefaultCACertificates, getCACertificates } = tls as Partial<typeof tls>;
let systemCertificates: string[] | undefined;
let trusted: X509Certificate | undefined;

/**
 * Waits until the hub can be reached, and checks its certificate. Where a fingerprint was given, this process trusts
 * that certificate from then on, and no other authority.
 * @throws CertificateError where the hub is not to be trusted; the signal's reason
 */
export async function trustHub(components: { log: Log }, init: AwaitHubInit): Promise<void> {
  checkCanPin(init.fingerprint);
  trustCertificate(await awaitHub(components, init));
}

/** @throws CertificateError where a fingerprint was given, and this Node can't hold on to one */
export function checkCanPin(fingerprint: string | undefined): void {
  if (fingerprint === undefined || setDefaultCACertificates) return;
  throw new CertificateError(
    `--fingerprint needs Node 24.5 or newer; this is ${process.versions.node}. Run npm ci: it brings a newer one`,
  );
}

/**
 * Trusts this certificate and no other authority; undefined: those that this process trusted when it began. A process
 * serves one hub at a time.
 * @returns what was trusted before
 */
export function trustCertificate(pinned: X509Certificate | undefined): X509Certificate | undefined {
  const before = trusted;
  trusted = pinned;
  if (pinned) {
    systemCertificates ??= getCACertificates?.('default');
    setDefaultCACertificates?.([pinned.toString()]);
  } else if (systemCertificates) setDefaultCACertificates?.(systemCertificates);
  return before;
}

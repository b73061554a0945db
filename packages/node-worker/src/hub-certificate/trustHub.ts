/** Makes this process trust a hub's own certificate, for web sockets, downloads and signalling alike. */
import * as tls from 'node:tls';
import type { Log } from '@potluck/worker';
import { CertificateError } from '../errors.ts';
import { awaitHub, type AwaitHubInit } from './awaitHub.ts';

/**
 * Waits until the hub can be reached, and checks its certificate. Where a fingerprint was given, this process trusts
 * that certificate from then on, and no other authority.
 * @throws CertificateError where the hub is not to be trusted; the signal's reason
 */
export async function trustHub(components: { log: Log }, init: AwaitHubInit): Promise<void> {
  // Node 22.19 and 24.5 brought it.
  const { setDefaultCACertificates } = tls as Partial<typeof tls>;
  if (init.fingerprint !== undefined && !setDefaultCACertificates) {
    throw new CertificateError(
      `--fingerprint needs Node 24.5 or newer; this is ${process.versions.node}. Run npm ci: it brings a newer one`,
    );
  }
  const pinned = await awaitHub(components, init);
  if (pinned) setDefaultCACertificates?.([pinned.toString()]);
}

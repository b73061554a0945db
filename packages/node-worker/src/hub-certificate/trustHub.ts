/** Makes this process trust a hub's own certificate, for web sockets, downloads and signalling alike. */
import { setTimeout as pause } from 'node:timers/promises';
import * as tls from 'node:tls';
import { messageOf, reconnectDelayMs, type Log } from '@potluck/worker';
import { CertificateError } from '../errors.ts';
import { checkHub } from './checkHub.ts';

export interface TrustHubInit {
  hubUrl: string;
  /** As `readFingerprint` returns it. */
  fingerprint: string | undefined;
  signal: AbortSignal;
}

/**
 * Waits until the hub can be reached, and checks its certificate. Where a fingerprint was given, this process trusts
 * that certificate from then on, and no other authority.
 * @throws CertificateError where the hub is not to be trusted; the signal's reason
 */
export async function trustHub(
  { log }: { log: Log },
  { hubUrl, fingerprint, signal }: TrustHubInit,
): Promise<void> {
  if (new URL(hubUrl).protocol !== 'https:') return;
  // Node 22.19 and 24.5 brought it.
  const { setDefaultCACertificates } = tls as Partial<typeof tls>;
  if (fingerprint !== undefined && !setDefaultCACertificates) {
    throw new CertificateError(
      `--fingerprint needs Node 24.5 or newer; this is ${process.versions.node}. Run npm ci: it brings a newer one`,
    );
  }
  for (let failures = 1; ; failures++) {
    try {
      const pinned = await checkHub({ hubUrl, fingerprint, signal });
      if (pinned) setDefaultCACertificates?.([pinned.toString()]);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof CertificateError) throw error;
      if (failures === 1) log.warn({ reason: messageOf(error) }, 'cannot reach the hub; trying again');
      await pause(reconnectDelayMs(failures, Math.random()), undefined, { signal });
    }
  }
}

/** Waits for a hub at an https address, and checks that it is the one that was meant. */
import type { X509Certificate } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { CertificateError, checkHub, type HubCheck } from '@potluck/machine';
import { ToldReasons, messageOf, reconnectDelayMs, type Log } from '@potluck/worker';

export interface AwaitHubInit extends HubCheck {
  signal: AbortSignal;
}

/**
 * Tries until the hub can be reached.
 * @returns what `checkHub` returns; undefined at once for a hub on plain http
 * @throws CertificateError where the hub is not to be trusted; the signal's reason
 */
export async function awaitHub(
  { log }: { log: Log },
  init: AwaitHubInit,
): Promise<X509Certificate | undefined> {
  if (new URL(init.hubUrl).protocol !== 'https:') return undefined;
  const told = new ToldReasons();
  for (let failures = 1; ; failures++) {
    try {
      return await checkHub(init);
    } catch (error) {
      init.signal.throwIfAborted();
      if (error instanceof CertificateError) throw error;
      const reason = messageOf(error);
      if (told.add(reason)) log.warn({ reason }, 'cannot reach the hub; trying again');
      await pause(reconnectDelayMs(failures, Math.random()), undefined, { signal: init.signal });
    }
  }
}

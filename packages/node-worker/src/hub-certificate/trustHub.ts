/** Makes this process trust a hub's own certificate, for web sockets, downloads and signalling alike. */
import type { Log } from '@potluck/worker';
import { awaitHub, type AwaitHubInit } from './awaitHub.ts';
import { pinHub } from './pinnedHubs.ts';

/**
 * Waits until the hub can be reached, and checks its certificate. Where a fingerprint was given, this hub is known by that
 * certificate from then on, and by no other authority.
 * @throws CertificateError where the hub is not to be trusted; the signal's reason
 */
export async function trustHub(components: { log: Log }, init: AwaitHubInit): Promise<void> {
  pinHub(init.hubUrl, await awaitHub(components, init));
}

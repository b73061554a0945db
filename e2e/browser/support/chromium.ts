/** The tests' Chromium, as they need it whose pages connect to workers. */
import type { Browser } from '@playwright/test';
import { launchTestBrowser } from '../../support/testBrowser.ts';

const flags = [
  // Addresses are told as they are: mDNS finds nobody where there is no network.
  ...['--disable-background-networking', '--disable-features=WebRtcHideLocalIpsWithMdns'],
  // Browsers trust loopback addresses; a name such as `hub.test` is what it is in a LAN.
  '--host-resolver-rules=MAP *.test 127.0.0.1',
];

/** @param more flags of this test */
export async function launchChromium(more: string[] = []): Promise<Browser> {
  return launchTestBrowser([...flags, ...more]);
}

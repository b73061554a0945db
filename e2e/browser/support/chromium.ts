/** The tests' Chromium, as they need it whose pages connect to workers. */
import type { Browser } from '@playwright/test';
import { launchTestBrowser } from '../../support/testBrowser.ts';

/** Addresses are told as they are: mDNS finds nobody where there is no network. */
const flags = ['--disable-background-networking', '--disable-features=WebRtcHideLocalIpsWithMdns'];

/** @param more flags of this test */
export async function launchChromium(more: string[] = []): Promise<Browser> {
  return launchTestBrowser([...flags, ...more]);
}

/** The tests' Chromium, as they need it whose pages connect to workers. */
import type { Browser } from '@playwright/test';
import { launchTestBrowser } from '../../support/testBrowser.ts';
import { showProcessors } from './processors.ts';

/**
 * A flag of V8 for tabs that compute little: wasm is compiled once. To compile it again, for speed, is half of the processor time
 * of such a tab.
 */
export const quickStart = '--liftoff-only';

const flags = [
  // Addresses are told as they are: mDNS finds nobody where there is no network.
  ...['--disable-background-networking', '--disable-features=WebRtcHideLocalIpsWithMdns'],
  // Browsers trust loopback addresses; a name such as `hub.test` is what it is in a LAN.
  '--host-resolver-rules=MAP *.test 127.0.0.1',
  `--js-flags=${quickStart}`,
];

/** @param more flags of this test, which replace those of the same name */
export async function launchChromium(more: string[] = []): Promise<Browser & AsyncDisposable> {
  return launchTestBrowser([...flags, ...more]);
}

/** Each further thread of a tab loads the runtime anew, and spins while it waits. More: `showProcessors`. */
export function withOneProcessor(browser: Browser): Browser {
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await newContext(options);
    await showProcessors(context, 1);
    return context;
  };
  return browser;
}

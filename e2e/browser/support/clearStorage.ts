/** Takes away what pages have kept in their browser. */
import type { Page } from '@playwright/test';

/** @param page any of the browser context whose storage it is @param addresses of pages that keep nothing from now on */
export async function clearStorage(page: Page, addresses: Iterable<string>): Promise<void> {
  const devTools = await page.context().newCDPSession(page);
  for (const address of addresses) {
    const { origin } = new URL(address);
    await devTools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  }
  await devTools.detach();
}

/** Weights in a browser's IndexedDB do what weights in files do. */
import { randomUUID } from 'node:crypto';
import type { BlobStore } from '@potluck/worker';
import { runBlobStoreTests } from '@potluck/worker/testing';
import type { Browser } from 'playwright';
import { afterAll, beforeAll } from 'vitest';
import { storeInPage } from './browser/support/storeInPage.ts';
import { serveTestPage, type TestPage } from './browser/support/testPage.ts';
import { launchTestBrowser } from './support/testBrowser.ts';

let site: TestPage;
let browser: Browser;

beforeAll(async () => {
  site = await serveTestPage();
  browser = await launchTestBrowser();
});

afterAll(async () => {
  await browser.close();
  await site[Symbol.asyncDispose]();
});

runBlobStoreTests('IndexedDB in Chromium', async () => {
  const context = await browser.newContext();
  const database = randomUUID();
  // Opened anew is a page of its own.
  return async (): Promise<BlobStore> => {
    const page = await context.newPage();
    await page.goto(`${site.url}weights.html`);
    return storeInPage(page, database);
  };
});

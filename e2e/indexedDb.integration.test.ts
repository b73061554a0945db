/** Weights in a browser's IndexedDB do what weights in files do. */
import { randomUUID } from 'node:crypto';
import type { BlobStore } from '@potluck/worker';
import { runBlobStoreTests } from '@potluck/worker/testing';
import type { Browser } from 'playwright';
import { Sha256 } from '@potluck/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
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

/** Opened anew is a page of its own. */
async function setup(): Promise<() => Promise<BlobStore>> {
  const context = await browser.newContext();
  const database = randomUUID();
  return async () => {
    const page = await context.newPage();
    await page.goto(`${site.url}weights.html`);
    return storeInPage(page, database);
  };
}

runBlobStoreTests('IndexedDB in Chromium', setup);

const sha256 = Sha256.parse('0'.repeat(64));
const bytes = new TextEncoder().encode('some weights');

it('a tab does not remove what another one holds', async () => {
  const open = await setup();
  const [one, other] = [await open(), await open()];
  const letGo = await one.hold?.([sha256]);
  const partial = await one.openPartial(sha256);
  await partial.append(bytes);
  await partial.commit();
  await partial.close();
  expect(await other.removeUnheld?.(sha256)).toBe(false);
  expect(await other.read(sha256)).toEqual(bytes);
  letGo?.();
  await expect.poll(() => other.removeUnheld?.(sha256)).toBe(true);
  expect(await one.sizeOf(sha256)).toBeUndefined();
});

it('a tab waits for another one that writes the same blob, and then has it', async () => {
  const open = await setup();
  const [one, other] = [await open(), await open()];
  const partial = await one.openPartial(sha256);
  await partial.append(bytes);
  const waiting = other.openPartial(sha256);
  await partial.commit();
  await partial.close();
  const second = await waiting;
  expect(second.size).toBe(bytes.byteLength);
  await second.commit();
  await second.close();
  expect(await one.read(sha256)).toEqual(bytes);
});

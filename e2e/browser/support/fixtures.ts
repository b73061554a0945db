/** What tests of a Playwright worker share, so that each does not start its own: Chromium, the test page, a hub that waits for tabs. */
/* eslint-disable no-empty-pattern -- Playwright reads from the pattern which fixtures one needs. */
import { expect, test as base, type Browser } from '@playwright/test';
import { startHub, type HubProcess } from '../../support/hubProcess.ts';
import { nodesOf } from '../../support/nodes.ts';
import { launchChromium, withOneProcessor } from './chromium.ts';
import { writeSmallModel, type ModelDirectory } from './smallModel.ts';
import { serveTestPage, type TestPage } from './testPage.ts';

export * from '@playwright/test';

interface OfWorker {
  browser: Browser;
  site: TestPage;
  model: ModelDirectory;
  sharedTabHub: HubProcess;
}

interface OfTest {
  /** A hub with the small model and no worker; its log begins with the test, which must end the tabs that it opened. */
  tabHub: HubProcess;
}

export const test = base.extend<OfTest, OfWorker>({
  browser: [
    async ({}, use) => {
      await using browser = await launchChromium();
      await use(withOneProcessor(browser));
    },
    { scope: 'worker' },
  ],
  site: [
    async ({}, use) => {
      await using site = await serveTestPage();
      await use(site);
    },
    { scope: 'worker', timeout: 240_000 },
  ],
  model: [
    async ({}, use) => {
      await using model = await writeSmallModel({ contextLength: 1024 });
      await use(model);
    },
    { scope: 'worker' },
  ],
  sharedTabHub: [
    async ({ model }, use) => {
      await using hub = await startHub({ flags: ['--model', model.path, '--local-workers', '0'] });
      await use(hub);
    },
    { scope: 'worker', timeout: 240_000 },
  ],
  tabHub: async ({ sharedTabHub }, use) => {
    const { length } = sharedTabHub.log();
    await use({ ...sharedTabHub, log: () => sharedTabHub.log().slice(length) });
    await expect.poll(() => nodesOf(sharedTabHub)).toEqual([]);
  },
});

/** Tabs whose GPU may break, on a hub that has no other worker. */
import { expect, test, type Browser } from './fixtures.ts';
import { startHub, type HubProcess } from '../../support/hubProcess.ts';
import { ask } from './ask.ts';
import { launchChromium, withOneProcessor } from './chromium.ts';
import { writeSmallModel, type ModelDirectory } from './smallModel.ts';
import { openTab, serves, type Tab } from './tab.ts';
import type { TestPage } from './testPage.ts';

export interface TabsOnGpu {
  /** Of this file alone: a GPU process that crashed may not come back. */
  readonly browser: Browser;
  readonly hub: HubProcess;
  /** A tab that serves on the GPU. */
  servingTab(page: TestPage): Promise<Tab & AsyncDisposable>;
  /** The hub answers, whatever computes. */
  expectAnswer(): Promise<void>;
}

/** Call it once, at the top of a file of tests. */
export function tabsOnGpu(): TabsOnGpu {
  let browser: Browser;
  let hub: HubProcess;
  let model: ModelDirectory;
  // A GPU in software has the processor that everything else has too.
  test.describe.configure({ timeout: 300_000 });
  test.beforeAll(async () => {
    model = await writeSmallModel({ layers: 2 });
    hub = await startHub({ flags: ['--model', model.path, '--local-workers', '0'] });
    browser = withOneProcessor(await launchChromium());
  });
  test.afterAll(async () => {
    await browser.close();
    await hub[Symbol.asyncDispose]();
    await model[Symbol.asyncDispose]();
  });
  return {
    get browser() {
      return browser;
    },
    get hub() {
      return hub;
    },
    async servingTab(page) {
      const context = await browser.newContext();
      const tab = await openTab(context, { pageUrl: page.url, hub });
      await tab.command('start');
      expect((await tab.until(serves)).device?.kind).toBe('webgpu');
      return { ...tab, [Symbol.asyncDispose]: () => context.close() };
    },
    async expectAnswer() {
      expect((await ask(hub, 'The river rose.', 4)).tokens).toHaveLength(4);
    },
  };
}

/** One tab with the test page in it. */
import type { TabSnapshot, TabWorker } from '@potluck/browser-worker';
import type { BrowserContext, Page } from '@playwright/test';
import type { HubProcess } from '../../support/hubProcess.ts';

declare global {
  var tab: TabWorker;
}

export interface OpenTabInit {
  pageUrl: string;
  hub: HubProcess;
  name?: string;
  /** Default: what the device suggests. */
  memoryBytes?: number;
  device?: 'auto' | 'wasm';
  /** False keeps data channels in the page. */
  handOver?: boolean;
}

/** A tab that looks at the device, and contributes when it is told. */
export interface Tab {
  page: Page;
  snapshot(): Promise<TabSnapshot>;
  /** Waits until the snapshot is as wanted; throws with the last one when the test's time is over. */
  until(what: (snapshot: TabSnapshot) => boolean): Promise<TabSnapshot>;
  command(name: 'start' | 'pause' | 'resume' | 'leave' | 'forgetWeights'): Promise<void>;
}

export async function openTab(context: BrowserContext, init: OpenTabInit): Promise<Tab> {
  const { pageUrl, hub, name, memoryBytes, device } = init;
  const page = await context.newPage();
  const url = new URL(pageUrl);
  url.searchParams.set('hub', hub.url);
  url.searchParams.set('token', hub.joinToken);
  if (init.handOver === false) url.searchParams.set('handOver', 'no');
  const tab = tabOf(page);
  await page.goto(url.href);
  await page.evaluate((settings) => globalThis.tab.change(settings), {
    ...(name !== undefined && { name }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(device !== undefined && { device }),
  });
  await tab.until(({ state }) => state !== 'inspecting');
  return tab;
}

/** Its stage is ready. */
export const serves = ({ stages }: TabSnapshot): boolean => stages.some(({ state }) => state === 'ready');

function tabOf(page: Page): Tab {
  return {
    page,
    snapshot: () => page.evaluate(() => globalThis.tab.snapshot),
    async until(what) {
      await page.waitForFunction(() => 'tab' in globalThis);
      // Told at every change, so that nothing is polled.
      const wait = `(${what.toString()})`;
      return page.evaluate(
        (source) =>
          new Promise<TabSnapshot>((resolve) => {
            // eslint-disable-next-line no-eval -- a function of the test goes to the page as its text
            const isWanted = (0, eval)(source) as (snapshot: TabSnapshot) => boolean;
            // The listener is called before `subscribe` returns.
            const stop = globalThis.tab.subscribe((snapshot) => {
              if (!isWanted(snapshot)) return;
              resolve(snapshot);
              queueMicrotask(() => stop());
            });
          }),
        wait,
      );
    },
    command: (name) => page.evaluate((command) => globalThis.tab[command](), name),
  };
}

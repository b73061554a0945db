/** A browser whose pages may be hidden and frozen: Playwright makes those of its own contexts always look visible. */
import { chromium, type BrowserContext } from '@playwright/test';
import { freePort } from '../../support/hubProcess.ts';
import { launchChromium } from './chromium.ts';

/** @returns the browser's own context, as people use it; the browser ends with it */
export async function plainContext(): Promise<BrowserContext & AsyncDisposable> {
  const port = await freePort();
  const browser = await launchChromium([`--remote-debugging-port=${port}`]);
  const connection = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true });
  const [context] = connection.contexts();
  if (!context) throw new Error('the browser has no context of its own');
  return Object.assign(context, {
    async [Symbol.asyncDispose]() {
      await connection.close();
      await browser.close();
    },
  });
}

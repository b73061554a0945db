import type { BrowserContext, Page } from '@playwright/test';
import type { TestPage } from './testPage.ts';

/** A page around the engine of a tab and nothing else, once its functions are there (`page/engine.ts`). */
export async function openEngine(context: BrowserContext, site: TestPage): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${site.url}engine.html`);
  await page.waitForFunction(() => 'companyOn' in globalThis);
  return page;
}

import { expect, test, type Browser } from '@playwright/test';
import { startHub } from '../support/hubProcess.ts';
import { launchChromium } from './support/chromium.ts';
import { openTab, serves } from './support/tab.ts';
import { serveTestPage, type TestPage } from './support/testPage.ts';

const question = [{ role: 'user' as const, content: 'What is the capital of France?' }];

let page: TestPage;
let browser: Browser;

test.beforeAll(async () => {
  page = await serveTestPage();
  browser = await launchChromium();
});

test.afterAll(async () => {
  await browser.close();
  await page[Symbol.asyncDispose]();
});

test('a tab without a GPU serves the whole model', async () => {
  await using hub = await startHub({ flags: ['--local-workers', '0'] });
  await using context = await browser.newContext();
  const tab = await openTab(context, { pageUrl: page.url, hub, name: 'tab', device: 'wasm' });
  await tab.command('start');
  const { stages, device } = await tab.until(serves);
  expect(device?.kind).toBe('wasm');
  expect(stages).toMatchObject([{ firstLayer: 0, lastLayer: 7, layerCount: 8 }]);
  expect(stages[0]?.packs.every(({ sizeBytes, doneBytes }) => doneBytes === sizeBytes)).toBe(true);

  const { data, response } = await hub.client.chat.completions
    .create({ model: 'minimind2-small', messages: question, temperature: 0 })
    .withResponse();
  expect(data.choices[0]?.message.content).toContain('Paris');
  expect(response.headers.get('x-potluck-route')).toBe('tab[0-7]');
  const { served, cache } = await tab.until(({ served }) => served.openSessions === 0);
  expect(served.tokens).toBeGreaterThan(10);
  expect(cache.bytes).toBeGreaterThan(20e6);
});

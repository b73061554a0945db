import { expect, test } from '@playwright/test';
import { startHub } from '../support/hubProcess.ts';
import { ask } from './support/ask.ts';
import { launchChromium } from './support/chromium.ts';
import { writeSmallModel } from './support/smallModel.ts';
import { openTab, serves } from './support/tab.ts';
import { serveTestPage } from './support/testPage.ts';

test('a tab whose GPU crashes says so and serves again', async () => {
  await using page = await serveTestPage();
  await using model = await writeSmallModel({ layers: 2 });
  await using hub = await startHub({ flags: ['--model', model.path, '--local-workers', '0'] });
  await using browser = await launchChromium();
  await using context = await browser.newContext();
  const tab = await openTab(context, { pageUrl: page.url, hub });
  await tab.command('start');
  expect((await tab.until(serves)).device?.kind).toBe('webgpu');

  const devtools = await browser.newBrowserCDPSession();
  await devtools.send('Browser.crashGpuProcess');
  await tab.until(({ events }) => events.some(({ text }) => text.includes('GPU device was lost')));
  await tab.until(serves);
  expect((await ask(hub, 'The river rose.', 4)).tokens).toHaveLength(4);
});

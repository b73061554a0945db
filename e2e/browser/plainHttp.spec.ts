import { expect, test } from '@playwright/test';
import { startHub } from '../support/hubProcess.ts';
import { ask } from './support/ask.ts';
import { launchChromium } from './support/chromium.ts';
import { writeSmallModel } from './support/smallModel.ts';
import { openTab, serves } from './support/tab.ts';
import { serveTestPage } from './support/testPage.ts';

/** Browsers trust loopback addresses; by a name, plain http is what it is in a LAN. */
const names = ['--host-resolver-rules=MAP page.test 127.0.0.1, MAP hub.test 127.0.0.1'];

const underName = (url: string, name: string): string => {
  const named = new URL(url);
  named.hostname = name;
  return named.href;
};

test('a tab on plain http serves on the processor, and says why not on the GPU', async () => {
  await using page = await serveTestPage();
  await using model = await writeSmallModel();
  await using hub = await startHub({ flags: ['--model', model.path, '--local-workers', '0'] });
  await using browser = await launchChromium(names);
  await using context = await browser.newContext();
  const tab = await openTab(context, {
    pageUrl: underName(page.url, 'page.test'),
    hub: { ...hub, url: underName(hub.url, 'hub.test') },
  });
  const { offer } = await tab.snapshot();
  expect(offer).toMatchObject({ kind: 'wasm', secureContext: false, crossOriginIsolated: false });
  // Without isolation, wasm has no threads.
  expect(offer?.processor.wasmThreads).toBe(1);
  expect(offer?.withoutGpu?.advice).toMatch(/https/);
  await tab.command('start');
  const { stages, device } = await tab.until(serves);
  expect(device).toMatchObject({ kind: 'wasm', description: 'processor, 1 thread' });
  expect(stages).toMatchObject([{ firstLayer: 0, lastLayer: 3 }]);
  expect((await ask(hub, 'The river rose.')).tokens).toHaveLength(24);
});

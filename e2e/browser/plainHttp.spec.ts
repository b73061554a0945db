import { ask } from './support/ask.ts';
import { expect, test } from './support/fixtures.ts';
import { showProcessors } from './support/processors.ts';
import { openTab, serves } from './support/tab.ts';

/** Plain http is by a name what it is in a LAN. */
const underName = (url: string, name: string): string => {
  const named = new URL(url);
  named.hostname = name;
  return named.href;
};

test('a tab on plain http serves on the processor, and says why not on the GPU', async ({
  browser,
  site,
  tabHub: hub,
}) => {
  await using context = await browser.newContext();
  await showProcessors(context, 2);
  const tab = await openTab(context, {
    pageUrl: underName(site.url, 'page.test'),
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

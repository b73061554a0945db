/** A GPU that goes away or computes wrong: the tab says so and goes on as what it still can be. More: brokenGpu.full.spec.ts. */
import { expect, test } from './support/fixtures.ts';
import { openTab, serves } from './support/tab.ts';
import { tabsOnGpu } from './support/tabsOnGpu.ts';
import { serveTestPage } from './support/testPage.ts';

/** In the engine: whatever is read back from the device is a tenth too large. */
const wrongDevice = `
const { getMappedRange } = GPUBuffer.prototype;
GPUBuffer.prototype.getMappedRange = function (...range) {
  const bytes = getMappedRange.apply(this, range);
  if (this.usage & GPUBufferUsage.MAP_READ) new Float32Array(bytes).forEach((value, i, all) => (all[i] = 1.1 * value));
  return bytes;
};
`;

/** In the engine: fails as broken wasm does when the page asks for it. */
const breakableRuntime = `
new BroadcastChannel('runtime').onmessage = () => {
  throw new Error('unreachable');
};
`;

const grid = tabsOnGpu();

test('a tab whose GPU process crashes says so and serves again', async () => {
  await using page = await serveTestPage();
  await using tab = await grid.servingTab(page);
  const devtools = await grid.browser.newBrowserCDPSession();
  await devtools.send('Browser.crashGpuProcess');
  await tab.until(({ problem }) => problem?.message.includes('GPU device was lost') === true);
  await tab.until(serves);
  await grid.expectAnswer();
});

test('a tab whose GPU computes wrong serves with its processor, and says why', async () => {
  await using page = await serveTestPage({ inEngine: wrongDevice });
  await using context = await grid.browser.newContext();
  const tab = await openTab(context, { pageUrl: page.url, hub: grid.hub });
  expect((await tab.snapshot()).offer?.kind).toBe('webgpu');
  await tab.command('start');
  await tab.until(({ device }) => device?.kind === 'wasm');
  const { problem, device } = await tab.until(serves);
  expect(device?.kind).toBe('wasm');
  expect(problem?.message).toContain('The GPU is not used: it computes wrong answers');
  await grid.expectAnswer();
});

test('a browser that has no GPU to give offers its processor, and says what could be done', async () => {
  await using page = await serveTestPage();
  await using context = await grid.browser.newContext();
  await context.addInitScript(() => {
    GPU.prototype.requestAdapter = async () => null;
  });
  const tab = await openTab(context, { pageUrl: page.url, hub: grid.hub });
  const { offer } = await tab.snapshot();
  expect(offer).toMatchObject({ kind: 'wasm', gpu: undefined });
  expect(offer?.withoutGpu?.advice).toContain('hardware acceleration');
});

test('a tab whose runtime breaks again and again gives up, says so and is kept awake no longer', async () => {
  await using page = await serveTestPage({ inEngine: breakableRuntime });
  await using context = await grid.browser.newContext();
  const tab = await openTab(context, { pageUrl: page.url, hub: grid.hub, device: 'wasm' });
  await tab.page.evaluate(() => globalThis.tab.change({ quietTone: true }));
  await tab.page.locator('body').click();
  await tab.command('start');
  await tab.until(({ stayAlive }) => stayAlive.quietTone);
  for (const losses of [0, 1, 2]) {
    const progress = async (): Promise<[string, number]> => {
      const { state, events } = await tab.snapshot();
      return [state, events.filter(({ level }) => level === 'error').length];
    };
    await expect.poll(progress).toEqual(['contributing', losses]);
    await tab.page.evaluate(() => new BroadcastChannel('runtime').postMessage('break'));
  }
  const { problem, stages } = await tab.until(({ state }) => state === 'failed');
  expect(problem?.message).toContain('The runtime broke again and again');
  expect(stages).toEqual([]);
  await tab.until(({ stayAlive }) => !stayAlive.quietTone);
});

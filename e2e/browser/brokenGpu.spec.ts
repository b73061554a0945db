/** A GPU that goes away, runs out of memory or computes wrong: the tab says so and goes on as what it still can be. */
import { expect, test, type Browser } from './support/fixtures.ts';
import { startHub, type HubProcess } from '../support/hubProcess.ts';
import { ask } from './support/ask.ts';
import { launchChromium } from './support/chromium.ts';
import { writeSmallModel, type ModelDirectory } from './support/smallModel.ts';
import { openTab, serves, type Tab } from './support/tab.ts';
import { serveTestPage, type TestPage } from './support/testPage.ts';

/** In the engine: does to the device what the page asks for, and has no adapter while the page holds that lock. */
const obedientDevice = `
const { requestDevice } = GPUAdapter.prototype;
GPUAdapter.prototype.requestDevice = async function (descriptor) {
  const device = await requestDevice.call(this, descriptor);
  new BroadcastChannel('device').onmessage = ({ data }) => {
    if (data === 'destroy') device.destroy();
    if (data !== 'fill') return;
    // More than there can be: the browser says that it is out of memory.
    const size = device.limits.maxBufferSize;
    for (let i = 0; i < 64; i++) device.createBuffer({ size, usage: GPUBufferUsage.STORAGE });
    device.queue.submit([]);
  };
  return device;
};
const { requestAdapter } = GPU.prototype;
GPU.prototype.requestAdapter = async function (options) {
  const { held } = await navigator.locks.query();
  return held.some(({ name }) => name === 'no adapter') ? null : requestAdapter.call(this, options);
};
`;

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

/** A GPU in software has the processor that everything else has too. */
test.describe.configure({ timeout: 300_000 });

let browser: Browser;
let model: ModelDirectory;
let hub: HubProcess;

test.beforeAll(async () => {
  model = await writeSmallModel({ layers: 2 });
  hub = await startHub({ flags: ['--model', model.path, '--local-workers', '0'] });
  browser = await launchChromium();
});

test.afterAll(async () => {
  await browser.close();
  await hub[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

/** A tab that serves on the GPU. */
async function servingTab(page: TestPage): Promise<Tab & AsyncDisposable> {
  const context = await browser.newContext();
  const tab = await openTab(context, { pageUrl: page.url, hub });
  await tab.command('start');
  expect((await tab.until(serves)).device?.kind).toBe('webgpu');
  return { ...tab, [Symbol.asyncDispose]: () => context.close() };
}

const tellDevice = (tab: Tab, what: 'destroy' | 'fill'): Promise<void> =>
  tab.page.evaluate((message) => new BroadcastChannel('device').postMessage(message), what);

const answers = async (): Promise<void> => {
  expect((await ask(hub, 'The river rose.', 4)).tokens).toHaveLength(4);
};

test('a tab whose GPU process crashes says so and serves again', async () => {
  await using page = await serveTestPage();
  await using tab = await servingTab(page);
  const devtools = await browser.newBrowserCDPSession();
  await devtools.send('Browser.crashGpuProcess');
  await tab.until(({ problem }) => problem?.message.includes('GPU device was lost') === true);
  await tab.until(serves);
  await answers();
});

test('a tab whose GPU has no more memory says so and serves again', async () => {
  await using page = await serveTestPage({ inEngine: obedientDevice });
  await using tab = await servingTab(page);
  await tellDevice(tab, 'fill');
  await tab.until(({ problem }) => problem?.message.includes('GPU has no more memory') === true);
  await tab.until(serves);
  await answers();
});

test('a tab whose GPU is taken away goes on with its processor, and says why', async () => {
  await using page = await serveTestPage({ inEngine: obedientDevice });
  await using tab = await servingTab(page);
  await tab.page.evaluate(() => void navigator.locks.request('no adapter', () => new Promise(() => {})));
  await tellDevice(tab, 'destroy');
  await tab.until(({ device }) => device?.kind === 'wasm');
  const { problem } = await tab.until(serves);
  expect(problem?.message).toContain('The GPU is not used: the browser has no GPU to give');
  await answers();
});

test('a tab whose GPU computes wrong serves with its processor, and says why', async () => {
  await using page = await serveTestPage({ inEngine: wrongDevice });
  await using context = await browser.newContext();
  const tab = await openTab(context, { pageUrl: page.url, hub });
  expect((await tab.snapshot()).offer?.kind).toBe('webgpu');
  await tab.command('start');
  await tab.until(({ device }) => device?.kind === 'wasm');
  const { problem, device } = await tab.until(serves);
  expect(device?.kind).toBe('wasm');
  expect(problem?.message).toContain('The GPU is not used: it computes wrong answers');
  await answers();
});

test('a browser that has no GPU to give offers its processor, and says what could be done', async () => {
  await using page = await serveTestPage();
  await using context = await browser.newContext();
  await context.addInitScript(() => {
    GPU.prototype.requestAdapter = async () => null;
  });
  const tab = await openTab(context, { pageUrl: page.url, hub });
  const { offer } = await tab.snapshot();
  expect(offer).toMatchObject({ kind: 'wasm', gpu: undefined });
  expect(offer?.withoutGpu?.advice).toContain('hardware acceleration');
  await tab.command('start');
  expect((await tab.until(serves)).device?.kind).toBe('wasm');
  await answers();
});

test('a tab whose runtime breaks again and again gives up, says so and is kept awake no longer', async () => {
  await using page = await serveTestPage({ inEngine: breakableRuntime });
  await using context = await browser.newContext();
  const tab = await openTab(context, { pageUrl: page.url, hub, device: 'wasm' });
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

/** A GPU that runs out of memory or is taken away: the tab says so and goes on as what it still can be. */
import { expect, test } from './support/fixtures.ts';
import { serves, type Tab } from './support/tab.ts';
import { tabsOnGpu } from './support/tabsOnGpu.ts';
import { serveTestPage } from './support/testPage.ts';

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

const grid = tabsOnGpu();

const tellDevice = (tab: Tab, what: 'destroy' | 'fill'): Promise<void> =>
  tab.page.evaluate((message) => new BroadcastChannel('device').postMessage(message), what);

test('a tab whose GPU has no more memory says so and serves again', async () => {
  await using page = await serveTestPage({ inEngine: obedientDevice });
  await using tab = await grid.servingTab(page);
  await tellDevice(tab, 'fill');
  await tab.until(({ problem }) => problem?.message.includes('GPU has no more memory') === true);
  await tab.until(serves);
  await grid.expectAnswer();
});

test('a tab whose GPU is taken away goes on with its processor, and says why', async () => {
  await using page = await serveTestPage({ inEngine: obedientDevice });
  await using tab = await grid.servingTab(page);
  await tab.page.evaluate(() => void navigator.locks.request('no adapter', () => new Promise(() => {})));
  await tellDevice(tab, 'destroy');
  await tab.until(({ device }) => device?.kind === 'wasm');
  const { problem } = await tab.until(serves);
  expect(problem?.message).toContain('The GPU is not used: the browser has no GPU to give');
  await grid.expectAnswer();
});

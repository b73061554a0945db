/** What many requests leave behind in tabs. */
import { expect, test, type Browser, type Page } from './fixtures.ts';
import { joinLink } from '@potluck/protocol';
import { startHub, type HubProcess } from '../../support/hubProcess.ts';
import { ask } from './ask.ts';
import { launchChromium, quickStart } from './chromium.ts';
import { writeSmallModel } from './smallModel.ts';
import { countMemory, tabMemory, type TabMemory } from './tabMemory.ts';

/** Room for one stage, so that the hub waits for the other. */
const memoryBytes = 80e6;
const warmUpRequests = 20;
const mostGrowth = 1.02;
/** As many GPU buffers are kept as were in use at once, and how requests overlap is chance; each request takes several. */
const mostGpuGrowth = 1.1;
/**
 * V8 notes types and compiles what runs often, long after 20 requests. That is no leak, and ten times as much as what is
 * looked for: so types are noted from the start, and code is neither compiled further nor thrown away.
 */
const steadyScript = `--js-flags=${quickStart} --no-lazy-feedback-allocation --no-sparkplug --no-maglev --no-opt --no-flush-bytecode`;

/** Two tabs, one on wasm and one on WebGPU, answer 20 requests, and then `moreRequests`, which must leave nothing behind. */
export async function expectNoGrowth(moreRequests: number): Promise<void> {
  await using model = await writeSmallModel({ layers: 2 });
  await using hub = await startHub({
    flags: ['--model', model.path, '--local-workers', '0', '--stages', '2'],
  });
  await using browser = await launchChromium([steadyScript]);
  const pages = [await join(browser, hub, 'wasm'), await join(browser, hub, 'auto')];
  const tabs = [];
  for (const page of pages) {
    const stage = page.getByRole('region', { name: /^Layer/ });
    // A GPU in software compiles on the processor that everything else has, too.
    await expect(stage.locator('header')).toContainText('running', { timeout: 180_000 });
    tabs.push({ page, measure: await tabMemory(page) });
  }
  const [ofWasm, ofGpu] = tabs.map(({ measure }) => measure);
  if (!ofWasm || !ofGpu) throw new Error('Two tabs expected');

  await askMany(hub, warmUpRequests);
  const wasmBefore = await least(ofWasm);
  const gpuBefore = await least(ofGpu);
  expect(wasmBefore).toMatchObject({ gpuBytes: 0, gpuBuffers: 0 });
  expect(gpuBefore.gpuBuffers).toBeGreaterThan(10);
  for (const { wasmBytes } of [wasmBefore, gpuBefore]) expect(wasmBytes).toBeGreaterThan(1e6);

  await askMany(hub, moreRequests);
  // What is under way, such as frames that a peer has not confirmed yet, is gone in a moment; a leak stays.
  await expect.poll(() => growth(ofWasm, wasmBefore)).toBeLessThanOrEqual(mostGrowth);
  await expect.poll(() => growth(ofGpu, gpuBefore)).toBeLessThanOrEqual(mostGrowth);
}

/** Opens the app by its join link, in a browser profile of its own. */
async function join(browser: Browser, hub: HubProcess, device: 'wasm' | 'auto'): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript((chosen) => {
    localStorage.setItem('potluck.tab', JSON.stringify({ device: chosen }));
  }, device);
  await countMemory(page);
  await page.goto(joinLink({ hubUrl: hub.url, token: hub.joinToken, name: device, memoryBytes, auto: true }));
  return page;
}

/** Four at a time, of five lengths, each with other words. */
async function askMany(hub: HubProcess, count: number): Promise<void> {
  for (let asked = 0; asked < count; asked += 4) {
    const words = ' and on'.repeat(3 * ((asked / 4) % 5));
    const prompts = [0, 1, 2, 3].map((index) => `${100 + asked + index}${words}`);
    const answers = await Promise.all(prompts.map((prompt) => ask(hub, prompt, 2)));
    for (const { tokens } of answers) expect(tokens).toHaveLength(2);
  }
}

/** The least of several measurements, so that what is under way is not taken for what is held. */
async function least(measure: () => Promise<TabMemory>): Promise<TabMemory> {
  const found = await measure();
  for (let more = 0; more < 4; more++) {
    const { scriptBytes } = await measure();
    found.scriptBytes = Math.min(found.scriptBytes, scriptBytes);
  }
  return found;
}

/**
 * Wasm's heap is what its memories have as a whole: it starts at 16 MiB, so a small leak in it shows late.
 * @returns the largest of the four quotients of now and before
 */
async function growth(measure: () => Promise<TabMemory>, before: TabMemory): Promise<number> {
  const now = await measure();
  const quotients = {
    script: now.scriptBytes / before.scriptBytes,
    wasm: now.wasmBytes / before.wasmBytes,
    gpu: (mostGrowth / mostGpuGrowth) * (now.gpuBytes / Math.max(1, before.gpuBytes)),
    gpuBuffers: (mostGrowth / mostGpuGrowth) * (now.gpuBuffers / Math.max(1, before.gpuBuffers)),
  };
  test.info().annotations.push({ type: 'growth', description: JSON.stringify({ before, now }) });
  return Math.max(...Object.values(quotients));
}

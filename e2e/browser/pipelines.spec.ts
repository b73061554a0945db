import { expect, test, type Browser } from '@playwright/test';
import { startHub, startWorker } from '../support/hubProcess.ts';
import { nodesOf } from '../support/nodes.ts';
import { ask, type Answer } from './support/ask.ts';
import { launchChromium } from './support/chromium.ts';
import { writeSmallModel, type ModelDirectory } from './support/smallModel.ts';
import { openTab, serves } from './support/tab.ts';
import { serveTestPage, type TestPage } from './support/testPage.ts';

/** Room for one stage, so that the hub waits for the others. */
const memoryBytes = 80e6;
const prompts = ['The river rose.', 'Count the birds on the wire, please.'];

/** A GPU in software has the processor that everything else has too. */
test.describe.configure({ timeout: 300_000 });

let page: TestPage;
let browser: Browser;
let model: ModelDirectory;
let expected: Answer[];

test.beforeAll(async () => {
  page = await serveTestPage();
  browser = await launchChromium();
  // Activations in float32 everywhere, as WebGPU has them.
  model = await writeSmallModel({ accuracyLevel: 1 });
  await using hub = await startHub({ flags: ['--model', model.path] });
  expected = await Promise.all(prompts.map((prompt) => ask(hub, prompt)));
});

test.afterAll(async () => {
  await browser.close();
  await page[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

test('three tabs on WebGPU are three stages, and talk directly', async () => {
  await using hub = await startHub({
    flags: ['--model', model.path, '--local-workers', '0', '--stages', '3'],
  });
  await using context = await browser.newContext();
  const tabs = [];
  for (const name of ['one', 'two', 'three']) {
    const tab = await openTab(context, { pageUrl: page.url, hub, name, memoryBytes });
    await tab.command('start');
    tabs.push(tab);
  }
  for (const tab of tabs) {
    const { device } = await tab.until(serves);
    expect(device?.kind).toBe('webgpu');
    const { peers } = await tab.until(
      ({ peers }) => peers.length === 2 && peers.every(({ candidatePair }) => candidatePair),
    );
    expect(peers.every(({ state }) => state === 'direct')).toBe(true);
  }
  const workerIds = await Promise.all(tabs.map(async (tab) => (await tab.snapshot()).workerId));
  expect(new Set(workerIds).size).toBe(3);
  // All on this machine, and the hub was told so; a peer whose check came before its candidate did is `prflx`.
  const kind = expect.stringMatching(/^(host|prflx)$/);
  const candidates = { local: kind, remote: kind };
  await expect
    .poll(async () => (await nodesOf(hub)).flatMap(({ peers }) => peers))
    .toEqual(Array.from({ length: 6 }, () => expect.objectContaining({ state: 'direct', candidates })));
  for (const [index, prompt] of prompts.entries()) {
    const answer = await ask(hub, prompt);
    expect(answer.route).toMatch(/^\S+\[0-\d\],\S+,\S+\[\d-3\]$/);
    expect(answer.tokens).toEqual(expected[index]?.tokens);
  }
});

test('a tab on WebGPU, a tab on wasm and a Node worker are one pipeline', async () => {
  await using hub = await startHub({
    flags: ['--model', model.path, '--local-workers', '0', '--stages', '3'],
  });
  await using _node = await startWorker(hub, 'node', ['--memory', String(memoryBytes)]);
  await using ofGpu = await browser.newContext();
  await using ofWasm = await browser.newContext();
  const gpu = await openTab(ofGpu, { pageUrl: page.url, hub, name: 'gpu', memoryBytes });
  await gpu.command('start');
  const wasm = await openTab(ofWasm, {
    pageUrl: page.url,
    hub,
    name: 'wasm',
    device: 'wasm',
    memoryBytes,
  });
  await wasm.command('start');
  expect((await gpu.until(serves)).device?.kind).toBe('webgpu');
  expect((await wasm.until(serves)).device?.kind).toBe('wasm');
  for (const [index, prompt] of prompts.entries()) {
    const answer = await ask(hub, prompt);
    for (const name of ['gpu', 'wasm', 'node']) expect(answer.route).toContain(`${name}[`);
    expect(answer.tokens).toEqual(expected[index]?.tokens);
  }
});

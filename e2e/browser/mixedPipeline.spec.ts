/** Devices of three kinds compute one model, token for token as Node does. */
import { expect, test } from './support/fixtures.ts';
import { startHub, startWorker } from '../support/hubProcess.ts';
import { ask, type Answer } from './support/ask.ts';
import { writeSmallModel, type ModelDirectory } from './support/smallModel.ts';
import { openTab, serves } from './support/tab.ts';
import { serveTestPage, type TestPage } from './support/testPage.ts';

/** Room for one stage, so that the hub waits for the others. */
const memoryBytes = 80e6;
const prompts = ['The river rose.', 'Count the birds on the wire, please.'];

/** A GPU in software has the processor that everything else has too. */
test.describe.configure({ timeout: 300_000 });

let page: TestPage;
let model: ModelDirectory;
let expected: Answer[];

test.beforeAll(async () => {
  page = await serveTestPage();
  // Activations in float32 everywhere, as WebGPU has them.
  model = await writeSmallModel({ accuracyLevel: 1 });
  await using hub = await startHub({ flags: ['--model', model.path] });
  expected = await Promise.all(prompts.map((prompt) => ask(hub, prompt)));
});

test.afterAll(async () => {
  await page[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

test('a tab on WebGPU, a tab on wasm and a Node worker give the tokens that Node workers give', async ({
  browser,
}) => {
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

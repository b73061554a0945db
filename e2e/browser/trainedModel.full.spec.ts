/** The model that comes with Potluck, on tabs: does it answer rightly? */
import { expect, test } from './support/fixtures.ts';
import { startHub, startWorker, type HubProcess } from '../support/hubProcess.ts';
import { nodesOf } from '../support/nodes.ts';
import { openTab, serves, type Tab } from './support/tab.ts';
import { serveTestPage, type TestPage } from './support/testPage.ts';

/** "The capital of France is Paris." has 10 or 11 tokens; on a GPU in software each takes a second or two. */
const maxTokens = 12;
const memoryBytes = 150e6;

let page: TestPage;

test.beforeAll(async () => {
  page = await serveTestPage();
});

test.afterAll(async () => {
  await page[Symbol.asyncDispose]();
});

const startModel = (): Promise<HubProcess> => startHub({ flags: ['--local-workers', '0', '--stages', '3'] });

test('three tabs on WebGPU are three stages, talk directly and answer rightly', async ({ browser }) => {
  // In software it takes a minute or more until they are ready, and half a minute until they have answered.
  test.setTimeout(900_000);
  await using hub = await startModel();
  await using context = await browser.newContext();
  const tabs: Tab[] = [];
  for (const name of ['one', 'two', 'three']) {
    const tab = await openTab(context, { pageUrl: page.url, hub, name, memoryBytes });
    await tab.command('start');
    tabs.push(tab);
  }
  for (const tab of tabs) {
    expect((await tab.until(serves)).device?.kind).toBe('webgpu');
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
  const { text, route } = await answer(hub);
  expect(route).toMatch(/^\S+\[0-\d\],\S+\[\d-\d\],\S+\[\d-7\]$/);
  expect(text).toContain('Paris');
});

test('a tab on WebGPU, a tab on wasm and a Node worker answer rightly with the trained model', async ({
  browser,
}) => {
  test.setTimeout(240_000);
  await using hub = await startModel();
  await using _node = await startWorker(hub, 'node', ['--memory', String(memoryBytes)]);
  await using context = await browser.newContext();
  const about = { pageUrl: page.url, hub, memoryBytes };
  const gpu = await openTab(context, { ...about, name: 'gpu' });
  await gpu.command('start');
  await using another = await browser.newContext();
  const wasm = await openTab(another, { ...about, name: 'wasm', device: 'wasm' });
  await wasm.command('start');
  expect((await gpu.until(serves)).device?.kind).toBe('webgpu');
  expect((await wasm.until(serves)).device?.kind).toBe('wasm');
  const { text, route } = await answer(hub);
  for (const name of ['gpu', 'wasm', 'node']) expect(route).toContain(`${name}[`);
  expect(text).toContain('Paris');
});

async function answer(hub: HubProcess): Promise<{ text: string; route: string | null }> {
  const { data, response } = await hub.client.chat.completions
    .create({
      model: 'minimind2-small',
      messages: [{ role: 'user', content: 'What is the capital of France?' }],
      temperature: 0,
      max_tokens: maxTokens,
    })
    .withResponse();
  const [choice] = data.choices;
  return { text: choice?.message.content ?? '', route: response.headers.get('x-potluck-route') };
}

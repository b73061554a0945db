/** Browsers whose WebAssembly can't suspend (Firefox, Safari) get another build of ONNX Runtime. */
import { expect, test } from './support/fixtures.ts';
import { startHub } from '../support/hubProcess.ts';
import { ask } from './support/ask.ts';
import { writeSmallModel } from './support/smallModel.ts';
import { openTab, serves } from './support/tab.ts';
import { serveTestPage } from './support/testPage.ts';

const prompt = 'The river rose.';

test('a tab on WebGPU serves the same tokens without JSPI', async ({ browser }) => {
  test.slow();
  await using page = await serveTestPage({ inEngine: 'delete WebAssembly.Suspending;' });
  await using model = await writeSmallModel({ accuracyLevel: 1 });
  await using hub = await startHub({ flags: ['--model', model.path] });
  const { tokens: expected } = await ask(hub, prompt);
  await using ofTab = await startHub({ flags: ['--model', model.path, '--local-workers', '0'] });
  await using context = await browser.newContext();
  const tab = await openTab(context, { pageUrl: page.url, hub: ofTab, name: 'tab' });
  await tab.command('start');
  expect((await tab.until(serves)).device?.kind).toBe('webgpu');
  const builds = page.requested.filter((path) => /ort-wasm[^/]*\.wasm$/.test(path)).join(' ');
  expect(builds).toContain('asyncify');
  expect(builds).not.toContain('jspi');
  const { tokens, route } = await ask(ofTab, prompt);
  expect(route).toBe('tab[0-3]');
  expect(tokens).toEqual(expected);
});

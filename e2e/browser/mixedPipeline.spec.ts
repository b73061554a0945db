/** Devices of all kinds compute one model, token for token as Node does. */
import { expect, test } from './support/fixtures.ts';
import { startHub, startWorker } from '../support/hubProcess.ts';
import { ask } from './support/ask.ts';
import { writeSmallModel } from './support/smallModel.ts';
import { openTab, serves, type OpenTabInit, type Tab } from './support/tab.ts';
import { serveTestPage } from './support/testPage.ts';

/** Room for one stage, so that the hub waits for the others. */
const memoryBytes = 80e6;
const prompts = ['The river rose.', 'Count the birds on the wire, please.'];

/** A GPU in software has the processor that everything else has too. */
test.describe.configure({ timeout: 300_000 });

test('tabs on WebGPU, with JSPI and without, a tab on wasm and a Node worker give the tokens that Node workers give', async ({
  browser,
  site,
}) => {
  // Activations in float32 everywhere, as WebGPU has them.
  await using model = await writeSmallModel({ accuracyLevel: 1 });
  const expected: string[][] = [];
  {
    await using hub = await startHub({ flags: ['--model', model.path] });
    for (const prompt of prompts) expected.push((await ask(hub, prompt)).tokens);
  }

  await using hub = await startHub({
    flags: ['--model', model.path, '--local-workers', '0', '--stages', '4'],
  });
  await using _node = await startWorker(hub, 'node', ['--memory', String(memoryBytes)]);
  // Firefox and Safari can't suspend WebAssembly: they get another build of ONNX Runtime.
  await using plainSite = await serveTestPage({ inEngine: 'delete WebAssembly.Suspending;' });
  await using contexts = new AsyncDisposableStack();
  const join = async (init: Omit<OpenTabInit, 'hub'>): Promise<Tab> => {
    const context = contexts.use(await browser.newContext());
    const tab = await openTab(context, { ...init, hub, memoryBytes });
    await tab.command('start');
    return tab;
  };
  const tabs = {
    gpu: await join({ pageUrl: site.url, name: 'gpu' }),
    plain: await join({ pageUrl: plainSite.url, name: 'plain' }),
    wasm: await join({ pageUrl: site.url, name: 'wasm', device: 'wasm' }),
  };
  for (const [name, kind] of Object.entries({ gpu: 'webgpu', plain: 'webgpu', wasm: 'wasm' } as const))
    expect((await tabs[name as keyof typeof tabs].until(serves)).device?.kind, name).toBe(kind);
  const builds = plainSite.requested.filter((path) => /ort-wasm[^/]*\.wasm$/.test(path)).join(' ');
  expect(builds).toContain('asyncify');
  expect(builds).not.toContain('jspi');
  for (const [index, prompt] of prompts.entries()) {
    const answer = await ask(hub, prompt);
    for (const name of [...Object.keys(tabs), 'node']) expect(answer.route).toContain(`${name}[`);
    expect(answer.tokens).toEqual(expected[index]);
  }
});

import { meanPoolingFiles, writeRandomEncoder } from '@potluck/onnx/testing';
import { join } from 'node:path';
import { temporaryDirectory } from '../../testing/temporaryDirectory.ts';
import { startHub, untilServed } from '../support/hubProcess.ts';
import { expect, test } from './support/fixtures.ts';
import { openTab, serves } from './support/tab.ts';

test('a tab turns texts into the vectors that a Node worker gives', async ({ browser, site }) => {
  await using parent = await temporaryDirectory('potluck-encoder-');
  const model = join(parent.path, 'soup-embed');
  await writeRandomEncoder(model, { seed: 1, files: meanPoolingFiles });
  const input = ['the soup is hot', 'bring a red bowl', 'salt'];
  const vectors: number[][][] = [];
  for (const localWorkers of ['0', '1']) {
    await using hub = await startHub({ flags: ['--local-workers', localWorkers, '--model', model] });
    await using context = await browser.newContext();
    if (localWorkers === '0') {
      const tab = await openTab(context, { pageUrl: site.url, hub, name: 'tab', device: 'wasm' });
      await tab.command('start');
      await tab.until(serves);
      // The tab knows before the hub has heard it.
      await untilServed(hub.url);
    } else await hub.ready;
    const { data, response } = await hub.client.embeddings
      .create({ model: 'soup-embed', input })
      .withResponse();
    if (localWorkers === '0') expect(response.headers.get('x-potluck-route')).toBe('tab[0-0]');
    vectors.push(data.data.map(({ embedding }) => embedding));
  }
  const [inTab = [], inNode = []] = vectors;
  expect(inTab).toHaveLength(3);
  for (const [index, vector] of inTab.entries()) {
    for (const [axis, value] of vector.entries()) expect(value).toBeCloseTo(inNode[index]?.[axis] ?? 0, 4);
  }
});

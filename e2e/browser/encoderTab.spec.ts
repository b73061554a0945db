import { meanPoolingFiles, writeRandomEncoder } from '@potluck/onnx/testing';
import { join } from 'node:path';
import { temporaryDirectory } from '../../testing/temporaryDirectory.ts';
import { startHub } from '../support/hubProcess.ts';
import { nodesOf } from '../support/nodes.ts';
import { expect, test } from './support/fixtures.ts';
import { openTab, serves } from './support/tab.ts';

test('a tab turns texts into the vectors that a Node worker gives', async ({ browser, site }) => {
  await using parent = await temporaryDirectory('potluck-encoder-');
  const model = join(parent.path, 'soup-embed');
  await writeRandomEncoder(model, { seed: 1, files: meanPoolingFiles });
  await using hub = await startHub({ flags: ['--local-workers', '1', '--model', model] });
  const vectors: number[][] = [];
  /** Keeps the vectors. @returns who made them, or why nobody did */
  const embed = async (): Promise<string | null> => {
    try {
      const input = ['the soup is hot', 'bring a red bowl', 'salt'];
      const { data, response } = await hub.client.embeddings
        .create({ model: 'soup-embed', input })
        .withResponse();
      vectors.splice(0, Infinity, ...data.data.map(({ embedding }) => embedding));
      return response.headers.get('x-potluck-route');
    } catch (error) {
      return String(error);
    }
  };
  expect(await embed()).toBe('local-1[0-0]');
  const inNode = [...vectors];

  await using context = await browser.newContext();
  const tab = await openTab(context, { pageUrl: site.url, hub, name: 'tab', device: 'wasm' });
  await tab.command('start');
  const [node] = await nodesOf(hub);
  await context.request.patch(`${hub.url}/api/nodes/${node?.id}`, { data: { mode: 'paused' } });
  await tab.until(serves);
  await expect.poll(embed).toBe('tab[0-0]');
  expect(vectors).toHaveLength(3);
  for (const [index, vector] of vectors.entries()) {
    for (const [axis, value] of vector.entries()) expect(value).toBeCloseTo(inNode[index]?.[axis] ?? 0, 4);
  }
});

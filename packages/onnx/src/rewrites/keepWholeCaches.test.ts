import { expect, test } from 'vitest';
import { readModel } from '../protobuf/readModel.ts';
import { CpuDecoder } from '../testing/cpuDecoder.ts';
import { tensorReader } from '../testing/tensorReader.ts';
import { randomStyle } from '../stage/testing/subjects.ts';
import { keepWholeCaches } from './keepWholeCaches.ts';

const window = 8n;

test('attention with a window keeps its window and all tokens', async () => {
  const { files, graphFile } = await randomStyle.open();
  const withWindow = async (asRing: boolean) => {
    const model = await readModel(files, graphFile);
    for (const { opType, attributes } of model.graph.nodes) {
      if (opType !== 'GroupQueryAttention') continue;
      attributes.set('local_window_size', { type: 'int', value: window });
      if (asRing) attributes.set('sliding_window_cache', { type: 'int', value: 1n });
    }
    return model;
  };
  const rewritten = await withWindow(true);
  expect(keepWholeCaches(rewritten)).toEqual([
    expect.stringMatching(/^Caches of \d+ layers with a sliding window keep all tokens\.$/),
  ]);
  const plain = await withWindow(false);
  expect(rewritten).toEqual(plain);
  expect(keepWholeCaches(plain)).toEqual([]);
  // As it came, the graph does not take an empty cache at all.
  const readTensor = tensorReader(files);
  const ring = await CpuDecoder.create(await withWindow(true), readTensor, { headSize: 16 });
  await expect(ring.step([1, 2, 3])).rejects.toThrow(/sliding_window_cache/);
  const decoder = await CpuDecoder.create(rewritten, readTensor, { headSize: 16 });
  const answer = await decoder.greedy([1, 2, 3], 3 * Number(window));
  expect(answer).toHaveLength(3 * Number(window));
  await Promise.all([ring.release(), decoder.release()]);
});

import { pipeline } from '@huggingface/transformers';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEncoderGrid, type EncoderGrid } from '../../testing/encoderGrid.ts';
import { trainedEncoder, type TrainedEncoder } from '../../testing/encoderModels.ts';
import { testApiKey } from '../../testing/testHub.ts';

let grid: EncoderGrid;
beforeAll(async () => {
  grid = await startEncoderGrid();
  grid.worker('first');
});
afterAll(() => grid.close());

const texts = [
  'How do I cook rice?',
  'The best way to boil rice is in plenty of salted water.',
  'Les pompiers arrivent dans la rue.',
  'A potluck is a meal to which everybody brings a dish. '.repeat(20),
];

test.each<TrainedEncoder>(['all-MiniLM-L6-v2', 'gte-small'])(
  '%s gives the vectors that transformers.js gives',
  async (name) => {
    const directory = await trainedEncoder(name);
    if (directory === undefined) {
      console.warn(`${name} is not here and can't be fetched: not tried`);
      return;
    }
    const id = await grid.addDirectory(directory);
    await grid.serve(id, 1);
    const client = new OpenAI({ baseURL: `${grid.hub.url}/v1`, apiKey: testApiKey, maxRetries: 0 });
    const { data } = await client.embeddings.create({ model: id, input: texts });
    const found = data.map(({ embedding }) => embedding);
    const extract = await pipeline('feature-extraction', directory, {
      ...{ local_files_only: true, dtype: 'fp32', device: 'cpu' },
    });
    const options = { pooling: 'mean', normalize: true } as const;
    const expected = (await extract(texts, options)).tolist() as number[][];
    await extract.dispose();
    for (const [index, vector] of found.entries())
      expect(dot(vector, expected[index] ?? [])).toBeGreaterThan(0.9999);
    const [question = [], answer = [], other = []] = found;
    expect(dot(question, answer)).toBeGreaterThan(dot(question, other) + 0.05);
    grid.hub.deployments.undeploy(id);
  },
);

/** Of vectors of length 1. */
function dot(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
}

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { directoryModelFiles } from '../files/directoryModelFiles.ts';
import { readModel } from '../protobuf/readModel.ts';
import { CpuDecoder } from '../testing/cpuDecoder.ts';
import { minimindFiles, minimindGraph, minimindStopTokenId, minimindTokenizer } from '../testing/minimind.ts';
import { tensorReader } from '../testing/tensorReader.ts';
import { rewriteDecoder } from './index.ts';

test('a trained model that quantised its activations answers rightly once rewritten', async () => {
  const files = minimindFiles();
  const readTensor = tensorReader(files);
  const tokenizer = await minimindTokenizer();
  const prompt = tokenizer.ask('What is the capital of France?');
  const model = await readModel(files, minimindGraph);

  expect(await rewriteDecoder(model, { contextLength: 512, readTensor })).toEqual([
    'The weights of 57 multiplications are kept in 8 bits.',
    'Table model.embed_tokens.weight_quantized is read and unpacked in one step.',
    'Dropped 8 guards against fully masked rows, which do not occur.',
    'The head computes the logits of the last position only.',
  ]);

  const read = new Set(model.graph.nodes.flatMap((node) => node.inputs));
  expect([...model.graph.initializers.keys()].filter((name) => !read.has(name))).toEqual([]);
  const decoder = await CpuDecoder.create(model, readTensor);
  const answer = await decoder.greedy(prompt, 24, minimindStopTokenId);
  expect(tokenizer.decode(answer)).toBe('The capital of France is Paris.');
  await decoder.release();
});

const modelsDirectory = process.env.POTLUCK_TEST_MODELS;

interface Expected {
  cases: { prompt_ids: number[]; greedy_ids: number[] }[];
}

for (const family of ['llama', 'qwen2', 'qwen3', 'phi3', 'lfm2']) {
  const name = `a rewritten ${family} decodes the tokens of the whole model`;
  if (modelsDirectory === undefined) {
    test.skip(`${name} (needs POTLUCK_TEST_MODELS)`);
    continue;
  }
  test(name, async () => {
    const directory = path.join(modelsDirectory, 'architectures', family);
    const files = directoryModelFiles(path.join(directory, 'onnx'));
    const readTensor = tensorReader(files);
    const model = await readModel(files, 'model.onnx');
    const notes = await rewriteDecoder(model, { contextLength: 64, readTensor });
    expect(notes).toEqual([
      'The head computes the logits of the last position only.',
      'Table cos_cache is cut from 256 to 64 positions, as many as the context has.',
      'Table sin_cache is cut from 256 to 64 positions, as many as the context has.',
    ]);

    const decoder = await CpuDecoder.create(model, readTensor, { headSize: 16 });
    const expected = JSON.parse(await readFile(path.join(directory, 'expected.json'), 'utf8')) as Expected;
    for (const { prompt_ids, greedy_ids } of expected.cases) {
      expect(await decoder.greedy(prompt_ids, greedy_ids.length)).toEqual(greedy_ids);
    }
    await decoder.release();
  });
}

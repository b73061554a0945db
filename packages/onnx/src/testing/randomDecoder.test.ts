import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { AutoTokenizer, env } from '@huggingface/transformers';
import { expect, test } from 'vitest';
import { CpuDecoder } from './cpuDecoder.ts';
import { benchDecoder, tinyDecoder, type RandomDecoderSettings } from './randomDecoder.ts';
import { randomModel } from './randomModel.ts';
import { tensorReader } from './tensorReader.ts';

const variants: Record<string, RandomDecoderSettings> = {
  'q4, tied': tinyDecoder,
  'q4 with zero points, head of its own': { ...tinyDecoder, zeroPoints: true, tiedHead: false },
  'f32, tied': { ...tinyDecoder, weights: 'f32' },
  'f32, head of its own': { ...tinyDecoder, weights: 'f32', tiedHead: false },
  'plain operators, tied': { ...tinyDecoder, weights: 'f32', style: 'plain' },
  'plain operators, head of its own': { ...tinyDecoder, weights: 'f32', style: 'plain', tiedHead: false },
  'head size that is not hidden size / heads': { ...tinyDecoder, headSize: 32 },
};

for (const [name, settings] of Object.entries(variants)) {
  test(`a random decoder runs, with logits like a trained one's and varied answers: ${name}`, async () => {
    await using random = await randomModel(settings);
    const headSize = settings.headSize ?? 16;
    const decoder = await CpuDecoder.create(await random.read(), tensorReader(random.files), { headSize });
    const rows = await decoder.step([1, 50, 400, 9]);
    expect(rows).toHaveLength(4);
    for (const row of rows) {
      const spread = Math.sqrt(row.reduce((sum, logit) => sum + logit * logit, 0) / row.length);
      expect(spread).toBeGreaterThan(1);
      expect(spread).toBeLessThan(6);
    }
    expect(new Set(await decoder.greedy([1, 50, 400, 9], 24)).size).toBeGreaterThan(4);
    await decoder.release();
  });
}

test('the plain style continues from its caches as if it had seen all at once', async () => {
  await using random = await randomModel({ ...tinyDecoder, weights: 'f32', style: 'plain' });
  const decoder = await CpuDecoder.create(await random.read(), tensorReader(random.files));
  const tokens = [1, 50, 400, 9, 77];
  const whole = await decoder.step(tokens);
  decoder.reset();
  await decoder.step(tokens.slice(0, 3));
  const rest = await decoder.step(tokens.slice(3));
  rest.forEach((row, place) => {
    const expected = whole[3 + place] ?? new Float32Array();
    row.forEach((logit, token) => expect(logit).toBeCloseTo(expected[token] ?? NaN, 3));
  });
  await decoder.release();
});

test('equal seeds give equal files, other seeds other weights', async () => {
  await using first = await randomModel(tinyDecoder);
  await using same = await randomModel(tinyDecoder);
  await using other = await randomModel({ ...tinyDecoder, seed: 2 });
  const weights = ({ directory }: { directory: string }): Promise<Buffer> =>
    readFile(path.join(directory, 'onnx', 'model.onnx_data'));
  expect((await weights(first)).equals(await weights(same))).toBe(true);
  expect((await weights(first)).equals(await weights(other))).toBe(false);
});

test('a sparse model of more than 4 GiB takes no disk', async () => {
  await using random = await randomModel({
    ...{ ...benchDecoder, layers: 8, hiddenSize: 4096, heads: 32, keyValueHeads: 8, intermediateSize: 14336 },
    ...{ weights: 'f32', sparse: true, tokenizer: false },
  });
  const file = await stat(path.join(random.directory, 'onnx', 'model.onnx_data'));
  expect(file.size).toBeGreaterThan(2 ** 32);
  expect(file.blocks * 512).toBeLessThan(2 ** 20);
  const model = await random.read();
  const last = model.graph.initializers.get('model.layers.7.mlp.down_proj.MatMul.weight');
  expect(last?.data.kind === 'range' && last.data.offset).toBeGreaterThan(2 ** 32);
});

test('the tokenizer takes any text, renders chats, and gives every id as text', async () => {
  await using random = await randomModel(tinyDecoder);
  env.allowRemoteModels = false;
  env.localModelPath = path.dirname(random.directory);
  const tokenizer = await AutoTokenizer.from_pretrained(path.basename(random.directory));
  const rendered = tokenizer.apply_chat_template([{ role: 'user', content: 'Grüße, 世界 🍲' }], {
    add_generation_prompt: true,
    tokenize: false,
  });
  const ids = tokenizer.encode(rendered);
  expect(ids[0]).toBe(1);
  expect(tokenizer.decode(ids, { skip_special_tokens: false })).toBe(rendered);
  const words = Array.from({ length: 512 - 259 }, (_, place) => tokenizer.decode([259 + place]));
  expect(new Set(words).size).toBe(words.length);
});

test('sizes that do not fit together are refused', async () => {
  await expect(randomModel({ ...tinyDecoder, keyValueHeads: 3 })).rejects.toThrow(
    /multiple of the key-value heads/,
  );
  await expect(randomModel({ ...tinyDecoder, intermediateSize: 100 })).rejects.toThrow(/multiples of 32/);
});

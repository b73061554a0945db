import { expect, test } from 'vitest';
import { CpuDecoder } from '../testing/cpuDecoder.ts';
import { tinyDecoder } from '../testing/randomDecoder.ts';
import { randomModel } from '../testing/randomModel.ts';
import { tensorReader } from '../testing/tensorReader.ts';
import { cutRotaryTables } from './cutRotaryTables.ts';

const prompt = Array.from({ length: 20 }, (_, place) => 3 + place * 7);

test('tables cut to the context answer bit for bit as before, up to its last token', async () => {
  await using random = await randomModel(tinyDecoder);
  const readTensor = tensorReader(random.files);
  const model = await random.read();

  expect(cutRotaryTables(model, 32)).toEqual([
    'Table cos_cache is cut from 256 to 32 positions, as many as the context has.',
    'Table sin_cache is cut from 256 to 32 positions, as many as the context has.',
  ]);

  for (const name of ['cos_cache', 'sin_cache']) {
    const table = model.graph.initializers.get(name);
    expect(table?.dims).toEqual([32, 8]);
    expect(table?.data).toMatchObject({ kind: 'range', length: 32 * 8 * 4 });
  }
  const before = await CpuDecoder.create(await random.read(), readTensor, { headSize: 16 });
  const after = await CpuDecoder.create(model, readTensor, { headSize: 16 });
  expect(await after.step(prompt)).toEqual(await before.step(prompt));
  for (let token = 20; token < 32; token += 1) {
    expect(await after.step([token])).toEqual(await before.step([token]));
  }
  await expect(after.step([1])).rejects.toThrow();
  await Promise.all([before.release(), after.release()]);
});

test('a table that something else reads as well stays whole', async () => {
  await using random = await randomModel(tinyDecoder);
  const model = await random.read();
  model.graph.nodes.push({
    ...{ name: 'other', opType: 'Transpose', domain: '', inputs: ['cos_cache'], outputs: ['other'] },
    attributes: new Map(),
  });
  expect(cutRotaryTables(model, 32)).toEqual([
    'Table sin_cache is cut from 256 to 32 positions, as many as the context has.',
  ]);
  expect(model.graph.initializers.get('cos_cache')?.dims).toEqual([256, 8]);
});

test('a table shorter than the context stays, with a note', async () => {
  await using random = await randomModel(tinyDecoder);
  const model = await random.read();
  expect(cutRotaryTables(model, 257)).toHaveLength(2);
  expect(cutRotaryTables(model, 256)).toEqual([]);
  expect(model.graph.initializers.get('sin_cache')?.dims).toEqual([256, 8]);
});

test('a table gathered by the position ids is cut; one gathered by token ids is not', async () => {
  await using random = await randomModel({ ...tinyDecoder, weights: 'f32' });
  const model = await random.read();
  model.graph.inputs.push({ name: 'position_ids', type: 'int64', dims: ['batch_size', 'sequence_length'] });
  const bytes = new Uint8Array(100 * 4);
  model.graph.initializers.set('learned', {
    ...{ name: 'learned', type: 'float32', dims: [100, 1], data: { kind: 'inline', bytes } },
  });
  model.graph.nodes.push({
    ...{
      name: 'gather',
      opType: 'Gather',
      domain: '',
      inputs: ['learned', 'position_ids'],
      outputs: ['rows'],
    },
    attributes: new Map(),
  });
  cutRotaryTables(model, 32);
  expect(model.graph.initializers.get('learned')?.dims).toEqual([32, 1]);
  expect(model.graph.initializers.get('model.embed_tokens.weight')?.dims).toEqual([512, 64]);
});

import { expect, test } from 'vitest';
import { CpuDecoder } from '../testing/cpuDecoder.ts';
import { tinyDecoder, type RandomDecoderSettings } from '../testing/randomDecoder.ts';
import { randomModel } from '../testing/randomModel.ts';
import { tensorReader } from '../testing/tensorReader.ts';
import { sliceLastPosition } from './sliceLastPosition.ts';

const prompt = [5, 300, 17, 44, 256, 9, 130];

const variants: Record<string, RandomDecoderSettings> = {
  'a q4 head, tied': tinyDecoder,
  'a q4 head of its own': { ...tinyDecoder, tiedHead: false },
  'an f32 head, tied': { ...tinyDecoder, weights: 'f32' },
  'an f32 head of its own': { ...tinyDecoder, weights: 'f32', tiedHead: false },
  'plain operators': { ...tinyDecoder, weights: 'f32', style: 'plain' },
};

for (const [name, settings] of Object.entries(variants)) {
  test(`with ${name}, the last position's logits are those of the whole model`, async () => {
    await using random = await randomModel(settings);
    const readTensor = tensorReader(random.files);
    const before = await CpuDecoder.create(await random.read(), readTensor, { headSize: 16 });
    const model = await random.read();

    expect(sliceLastPosition(model)).toEqual(['The head computes the logits of the last position only.']);

    expect(model.graph.outputs.find((output) => output.name === 'logits')?.dims[1]).toBe(1);
    const after = await CpuDecoder.create(model, readTensor, { headSize: 16 });
    const whole = await before.step(prompt);
    const last = await after.step(prompt);
    expect(whole).toHaveLength(prompt.length);
    expect(last).toHaveLength(1);
    expectSame(last[0], whole.at(-1), settings.weights ?? 'q4');
    expect(await after.step([77])).toEqual(await before.step([77]));
    await Promise.all([before.release(), after.release()]);
  });
}

/** On some processors, kernels for 4-bit weights round one row differently from several. */
function expectSame(
  values: Float32Array | undefined,
  wanted: Float32Array | undefined,
  weights: string,
): void {
  if (weights !== 'q4') return expect(values).toEqual(wanted);
  expect(values).toHaveLength(wanted?.length ?? 0);
  values?.forEach((value, place) => expect(value).toBeCloseTo(wanted?.[place] ?? NaN, 5));
}

test('a model that keeps the last position only is left as it is', async () => {
  await using random = await randomModel(tinyDecoder);
  const model = await random.read();
  sliceLastPosition(model);
  const nodes = [...model.graph.nodes];
  expect(sliceLastPosition(model)).toEqual([]);
  expect(model.graph.nodes).toEqual(nodes);

  const logits = model.graph.outputs.find((output) => output.name === 'logits');
  if (logits) logits.dims[1] = 'sequence_length';
  expect(sliceLastPosition(model)).toEqual([]);
  expect(logits?.dims[1]).toBe(1);
  expect(model.graph.nodes).toEqual(nodes);
});

test('a slice goes before the matmul through a softcap of the logits', async () => {
  await using random = await randomModel({ ...tinyDecoder, weights: 'f32' });
  const model = await random.read();
  const head = model.graph.nodes.at(-1);
  if (head === undefined) throw new Error('no nodes');
  head.outputs[0] = 'uncapped';
  model.graph.nodes.push({
    ...{
      name: 'cap',
      opType: 'Tanh',
      domain: '',
      inputs: ['uncapped'],
      outputs: ['logits'],
      attributes: new Map(),
    },
  });
  expect(sliceLastPosition(model)).toHaveLength(1);
  expect(model.graph.nodes.slice(-3).map((node) => node.opType)).toEqual(['Slice', 'MatMul', 'Tanh']);
});

test('a head of unknown form is left as it is, with a note', async () => {
  await using random = await randomModel({ ...tinyDecoder, weights: 'f32' });
  const model = await random.read();
  const head = model.graph.nodes.at(-1);
  if (head !== undefined) head.opType = 'Einsum';
  const [note] = sliceLastPosition(model);
  expect(note).toMatch(/not made by a matmul/);
  expect(model.graph.nodes.some((node) => node.opType === 'Slice')).toBe(false);
});

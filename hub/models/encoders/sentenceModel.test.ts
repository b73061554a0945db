import { expect, test } from 'vitest';
import { readSentenceModel } from './sentenceModel.ts';

function filesOf(files: Record<string, unknown>): Map<string, Uint8Array> {
  return new Map(
    Object.entries(files).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? value : new TextEncoder().encode(JSON.stringify(value)),
    ]),
  );
}

const modules = (...kinds: string[]): object[] =>
  kinds.map((kind, index) => ({
    path: index === 0 ? '' : `${index}_${kind}`,
    type: `sentence_transformers.models.${kind}`,
  }));

function read(files: Record<string, unknown>, ...names: string[]): ReturnType<typeof readSentenceModel> {
  return readSentenceModel({ files: filesOf(files), names }, 'token-vectors');
}

/** A file of one F32 matrix. */
function safetensors(name: string, shape: number[], values: number[]): Uint8Array {
  const header = JSON.stringify({ [name]: { dtype: 'F32', shape, data_offsets: [0, 4 * values.length] } });
  const bytes = new Uint8Array(8 + header.length + 4 * values.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(header.length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  for (const [index, value] of values.entries()) view.setFloat32(8 + header.length + 4 * index, value, true);
  return bytes;
}

test('the files beside a model say how a vector is made', () => {
  const dense = { in_features: 2, out_features: 1, bias: false };
  const model = read({
    'modules.json': modules('Transformer', 'Pooling', 'Dense'),
    '1_Pooling/config.json': { pooling_mode_mean_tokens: true, pooling_mode_cls_token: true },
    '2_Dense/config.json': { ...dense, activation_function: 'torch.nn.modules.linear.Identity' },
    '2_Dense/model.safetensors': safetensors('linear.weight', [1, 2], [0.5, -2]),
    'sentence_bert_config.json': { max_seq_length: 128, do_lower_case: true },
    'config_sentence_transformers.json': { prompts: { query: 'q: ' }, default_prompt_name: 'query' },
    'config.json': { matryoshka_dimensions: [64, 128] },
  });
  expect(model).toMatchObject({
    pooling: ['cls', 'mean'],
    normalizes: false,
    dense: [{ inputSize: 2, outputSize: 1, activation: 'identity', weight: Float32Array.of(0.5, -2) }],
    ...{ maxTokens: 128, lowerCase: true, defaultPrompt: 'query', shorter: [64, 128] },
  });
});

test('a family is known by its name where the files are missing', () => {
  expect(read({}, 'Xenova/bge-small-en-v1.5')).toMatchObject({ pooling: ['cls'], normalizes: true });
  const named = read({ 'config.json': { _name_or_path: 'intfloat/multilingual-e5-small' } }, 'mine');
  expect(named).toMatchObject({ pooling: ['mean'], prompts: { query: 'query: ' } });
  expect(read({}, 'onnx-community/Qwen3-Embedding-0.6B-ONNX').pooling).toEqual(['last']);
  const roberta = { model_type: 'xlm-roberta', max_position_embeddings: 514, pad_token_id: 1 };
  expect(read({ 'config.json': roberta }, 'multilingual-e5-base').maxTokens).toBe(512);
});

test.each<[string, Record<string, unknown>, RegExp]>([
  ['nothing says how', {}, /no modules\.json, and mine is of no family/],
  ['a module is unknown', { 'modules.json': modules('Transformer', 'CNN') }, /names .*CNN/],
  [
    'its pooling is missing',
    { 'modules.json': modules('Transformer', 'Pooling') },
    /no 1_Pooling\/config\.json/,
  ],
  [
    'its dense layer is missing',
    {
      'modules.json': modules('Transformer', 'Pooling', 'Dense'),
      '1_Pooling/config.json': { pooling_mode: 'mean' },
    },
    /2_Dense\/model\.safetensors is missing/,
  ],
  ['a file is damaged', { 'modules.json': new Uint8Array([123]) }, /modules\.json is not understood/],
])('a model is refused with the reason where %s', (_, files, reason) => {
  expect(() => read(files, 'mine')).toThrow(reason);
});

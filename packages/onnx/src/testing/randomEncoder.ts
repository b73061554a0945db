/** Writes small encoders with random weights, laid out as a Hugging Face repository, for tests. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { OnnxModel } from '../model.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import { GraphBuilder } from './graphBuilder.ts';
import { nextSigned, randomBits } from './randomBits.ts';
import { wordTokenizer, wordVocabulary } from './wordTokenizer.ts';

export interface RandomEncoderSettings {
  seed: number;
  /** `last_hidden_state` for each token, or `logits` for a query and a document. Default: the former. */
  gives?: 'token-vectors' | 'scores';
  /** As Sentence Transformers writes them beside a model, by path. Default: none. */
  files?: Record<string, unknown>;
  /** What config.json has beside the usual. */
  config?: Record<string, unknown>;
}

export const encoderWidth = 16;
const longestText = 64;
const heads = 2;

/** One layer of attention over words, positions and token types: every token sees all others that the mask lets it see. */
export function randomEncoder({ seed, gives = 'token-vectors' }: RandomEncoderSettings): OnnxModel {
  const build = new GraphBuilder('encoder');
  const weight = (name: string, dims: number[], spread: number): string => {
    const bits = randomBits(seed, name);
    const count = dims.reduce((product, length) => product * length, 1);
    const values = Float32Array.from({ length: count }, () => spread * nextSigned(bits));
    const bytes = new Uint8Array(values.buffer);
    return build.initializer({ name, type: 'float32', dims, data: { kind: 'inline', bytes } });
  };
  for (const name of ['input_ids', 'attention_mask', 'token_type_ids'])
    build.input(name, 'int64', ['batch_size', 'sequence_length']);
  const words = build.node('Gather', 'words', [
    weight('embeddings.word', [wordVocabulary.length, encoderWidth], 1),
    'input_ids',
  ]);
  const types = build.node('Gather', 'types', [
    weight('embeddings.type', [2, encoderWidth], 1),
    'token_type_ids',
  ]);
  const counted = build.node('CumSum', 'counted', ['attention_mask', build.integers('one', 1)]);
  const places = build.node('Gather', 'places', [
    weight('embeddings.position', [longestText + 1, encoderWidth], 0.3),
    counted,
  ]);
  const embedded = build.node('Add', 'embedded', [build.node('Add', 'typed', [words, types]), places]);
  const project = (name: string): string =>
    build.node('MatMul', name, [embedded, weight(`${name}.weight`, [encoderWidth, encoderWidth], 0.5)]);
  const keys = build.node('Transpose', 'keys', [project('key')], { perm: [0, 2, 1] });
  const scores = build.node('MatMul', 'scores', [project('query'), keys]);
  const mask = build.node('Cast', 'mask', ['attention_mask'], { to: 1 });
  const absent = build.node('Sub', 'absent', [build.floats('whole', 1), mask]);
  const low = build.node('Mul', 'low', [absent, build.floats('lowest', -1e4)]);
  const rows = build.node('Unsqueeze', 'rows', [low, build.integers('axis', [1])]);
  const shares = build.node('Softmax', 'shares', [build.node('Add', 'masked', [scores, rows])], { axis: -1 });
  const attended = build.node('MatMul', 'attended', [shares, project('value')]);
  const mixed = build.node('Tanh', 'mixed', [build.node('Add', 'sum', [embedded, attended])]);
  if (gives === 'token-vectors') {
    build.node('Identity', 'out', [mixed], {}, ['last_hidden_state']);
    build.output('last_hidden_state', 'float32', ['batch_size', 'sequence_length', encoderWidth]);
  } else {
    const first = build.node('Gather', 'first', [mixed, build.integers('start', 0)], { axis: 1 });
    build.node('MatMul', 'classifier', [first, weight('classifier', [encoderWidth, 1], 2)], {}, ['logits']);
    build.output('logits', 'float32', ['batch_size', 1]);
  }
  return build.model({ '': 17 });
}

/** Writes config.json, a tokenizer of whole words, the settings' files and `onnx/model.onnx` into `directory`, which is made. */
export async function writeRandomEncoder(directory: string, settings: RandomEncoderSettings): Promise<void> {
  await mkdir(path.join(directory, 'onnx'), { recursive: true });
  await writeFile(path.join(directory, 'onnx', 'model.onnx'), writeModel(randomEncoder(settings)));
  const { tokenizer, configuration } = wordTokenizer();
  const scores = settings.gives === 'scores';
  const files = {
    'config.json': {
      architectures: [scores ? 'BertForSequenceClassification' : 'BertModel'],
      model_type: 'bert',
      hidden_size: encoderWidth,
      num_attention_heads: heads,
      max_position_embeddings: longestText,
      vocab_size: wordVocabulary.length,
      ...(scores ? { id2label: { 0: 'LABEL_0' } } : {}),
      ...settings.config,
    },
    'tokenizer.json': tokenizer,
    'tokenizer_config.json': configuration,
    ...settings.files,
  };
  for (const [name, value] of Object.entries(files)) {
    const file = path.join(directory, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, value instanceof Uint8Array ? value : `${JSON.stringify(value, undefined, 2)}\n`);
  }
}

/** As Sentence Transformers writes them for a model that takes the mean and brings vectors to length 1. */
export const meanPoolingFiles = {
  'modules.json': [
    { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' },
    { idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
    { idx: 2, name: '2', path: '2_Normalize', type: 'sentence_transformers.models.Normalize' },
  ],
  '1_Pooling/config.json': { word_embedding_dimension: encoderWidth, pooling_mode_mean_tokens: true },
};

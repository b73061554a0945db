import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { randomEncoder, encoderWidth } from '../testing/randomEncoder.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import { appendDense, appendPooling, poolingModes, type PoolingMode } from './pooling.ts';

const text = [2, 7, 19, 33, 12, 3];

interface Padded {
  ids: number[];
  mask: number[];
}

/** Output of a graph with some pooling, for one text. */
async function pooled(modes: PoolingMode[], { ids, mask }: Padded): Promise<number[]> {
  const model = randomEncoder({ seed: 1 });
  const name = appendPooling(model, { tokens: 'last_hidden_state', mask: 'attention_mask' }, modes);
  const vector = { name, type: 'float32' as const, dims: ['batch', undefined] };
  model.graph.outputs = [vector, ...model.graph.outputs];
  const session = await InferenceSession.create(writeModel(model));
  const outputs = await session.run(feeds({ ids, mask }));
  const { data, dims } = outputs[name] as Tensor;
  expect(dims).toEqual([1, modes.length * encoderWidth]);
  await session.release();
  return [...(data as Float32Array)];
}

function feeds({ ids, mask }: Padded): Record<string, Tensor> {
  const int64 = (values: number[]): Tensor =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  return {
    input_ids: int64(ids),
    attention_mask: int64(mask),
    token_type_ids: int64(ids.map(() => 0)),
  };
}

/** What the encoder gives for each token. */
async function rowsOf(ids: number[]): Promise<number[][]> {
  const session = await InferenceSession.create(writeModel(randomEncoder({ seed: 1 })));
  const { last_hidden_state: hidden } = await session.run(feeds({ ids, mask: ids.map(() => 1) }));
  const data = [...((hidden as Tensor).data as Float32Array)];
  await session.release();
  return ids.map((_, row) => data.slice(row * encoderWidth, (row + 1) * encoderWidth));
}

function byHand(mode: PoolingMode, rows: number[][]): number[] {
  const count = rows.length;
  const sum = (weightOf: (row: number) => number): number[] =>
    Array.from({ length: encoderWidth }, (_, column) =>
      rows.reduce((total, row, index) => total + weightOf(index) * (row[column] ?? 0), 0),
    );
  switch (mode) {
    case 'cls':
      return rows[0] ?? [];
    case 'last':
      return rows.at(-1) ?? [];
    case 'max':
      return Array.from({ length: encoderWidth }, (_, column) =>
        Math.max(...rows.map((row) => row[column] ?? 0)),
      );
    case 'mean':
      return sum(() => 1 / count);
    case 'mean-sqrt':
      return sum(() => 1 / Math.sqrt(count));
    case 'weighted-mean':
      return sum((row) => (row + 1) / ((count * (count + 1)) / 2));
  }
}

test('each pooling is what it is by hand, and padding on the right changes nothing', async () => {
  const whole = { ids: text, mask: text.map(() => 1) };
  const padded = { ids: [...text, 0, 0, 0], mask: [...whole.mask, 0, 0, 0] };
  const rows = await rowsOf(text);
  for (const mode of poolingModes) {
    const expected = byHand(mode, rows);
    const alone = await pooled([mode], whole);
    const beside = await pooled([mode], padded);
    for (const [index, value] of expected.entries()) {
      expect(alone[index], mode).toBeCloseTo(value, 5);
      expect(beside[index], mode).toBeCloseTo(value, 5);
    }
  }
});

test('several poolings stand side by side in the order of Sentence Transformers', async () => {
  const whole = { ids: text, mask: text.map(() => 1) };
  const both = await pooled(['mean', 'cls'], whole);
  expect(both).toEqual([...(await pooled(['cls'], whole)), ...(await pooled(['mean'], whole))]);
});

test('a dense layer is the product, the bias and the activation', async () => {
  const model = randomEncoder({ seed: 1 });
  const pooledName = appendPooling(model, { tokens: 'last_hidden_state', mask: 'attention_mask' }, ['cls']);
  const weight = Float32Array.from({ length: 2 * encoderWidth }, (_, index) => Math.sin(index));
  const bias = Float32Array.of(0.5, -0.5);
  const name = appendDense(model, pooledName, [
    { inputSize: encoderWidth, outputSize: 2, weight, bias, activation: 'tanh' },
  ]);
  model.graph.outputs = [{ name, type: 'float32', dims: ['batch', 2] }];
  const session = await InferenceSession.create(writeModel(model));
  const { [name]: output } = await session.run(feeds({ ids: text, mask: text.map(() => 1) }));
  await session.release();
  const [row = []] = await rowsOf(text);
  for (const [index, value] of [...((output as Tensor).data as Float32Array)].entries()) {
    const sum = row.reduce((total, x, column) => total + x * (weight[index * encoderWidth + column] ?? 0), 0);
    expect(value).toBeCloseTo(Math.tanh(sum + (bias[index] ?? 0)), 5);
  }
});

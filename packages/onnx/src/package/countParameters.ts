/** Estimates a model's parameters from the shapes of its weights. */
import type { OnnxGraph, OnnxNode } from '../model.ts';
import { intAttribute } from '../graph/nodes.ts';

/** Types that weights have; other integers are indices and shapes. */
const weightTypes = new Set(['float32', 'float16', 'float64', 'int8', 'uint8', 'int4', 'uint4']);

/** Input slots of scales, zero points, group indices and rotary tables, which are no parameters. */
const besideWeights: Record<string, number[]> = {
  MatMulNBits: [2, 3, 4],
  GatherBlockQuantized: [2, 3],
  DequantizeLinear: [1, 2],
  MatMulInteger: [2, 3],
  GroupQueryAttention: [7, 8],
  RotaryEmbedding: [2, 3],
};

/** Parameters of all weights, each counted once however often it is used. */
export function countParameters(graph: OnnxGraph): number {
  const counts = new Map<string, number>();
  for (const node of graph.nodes) {
    node.inputs.forEach((name, slot) => {
      const tensor = graph.initializers.get(name);
      if (!tensor || !weightTypes.has(tensor.type) || besideWeights[node.opType]?.includes(slot)) return;
      const elements = tensor.dims.reduce((product, length) => product * length, 1);
      counts.set(name, Math.max(counts.get(name) ?? 0, elements * elementsPerByte(node, slot)));
    });
  }
  return Math.round([...counts.values()].reduce((sum, count) => sum + count, 0));
}

/** Packed weights hold several elements in each byte. */
function elementsPerByte(node: OnnxNode, slot: number): number {
  if (node.opType === 'MatMulNBits' && slot === 1) return 8 / intAttribute(node, 'bits', 4);
  if (node.opType === 'GatherBlockQuantized' && slot === 0) return 8 / intAttribute(node, 'bits', 4);
  return 1;
}

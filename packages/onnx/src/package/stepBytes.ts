/** How many bytes of weights one step of one token reads: what its time goes by, since matrices of one row are read once. */
import { intAttribute } from '../graph/nodes.ts';
import { namesOf, type GraphIndex } from '../graph/graphIndex.ts';
import type { OnnxGraph, OnnxNode } from '../model.ts';
import { bytesOf } from './packWeights.ts';
import type { Ingredients } from './weightParts.ts';

/** Input slots of which a step reads single rows: embeddings, and rotary tables. */
const rowSlots: Record<string, number[]> = {
  Gather: [0],
  GatherBlockQuantized: [0, 2, 3],
  GroupQueryAttention: [7, 8],
  RotaryEmbedding: [2, 3],
};

/** Operators with the weights of many experts, of which a token needs `k`. */
const expertOperators = new Set(['MoE', 'QMoE']);

/** Bytes that the nodes of one part of a decoder read of its weights in a step of one token. */
export function stepBytes(graph: OnnxGraph, index: GraphIndex, { nodes, weights }: Ingredients): number {
  let sum = 0;
  for (const name of weights) {
    const tensor = graph.initializers.get(name);
    if (tensor) sum += Math.ceil(bytesOf(tensor) * shareRead(name, graph, index, nodes));
  }
  return sum;
}

/** The largest share of a weight that one of the nodes reads, by way of what is made of the weight alone. */
function shareRead(
  weight: string,
  graph: OnnxGraph,
  index: GraphIndex,
  nodes: ReadonlySet<OnnxNode>,
): number {
  let share = 0;
  const seen = new Set([weight]);
  for (const value of seen) {
    for (const node of index.consumers.get(value) ?? []) {
      if (!nodes.has(node)) continue;
      if (namesOf(node.inputs).every((input) => seen.has(input) || graph.initializers.has(input))) {
        for (const output of namesOf(node.outputs)) seen.add(output);
      } else if (!isRowOf(node, value)) share = Math.max(share, shareOfExperts(node, value, graph));
    }
  }
  return share;
}

function isRowOf({ opType, inputs }: OnnxNode, value: string): boolean {
  const slots = rowSlots[opType] ?? [];
  return inputs.every((input, slot) => input !== value || slots.includes(slot));
}

function shareOfExperts(node: OnnxNode, value: string, graph: OnnxGraph): number {
  const experts = graph.initializers.get(value)?.dims[0] ?? 0;
  if (!expertOperators.has(node.opType) || experts < 1) return 1;
  return Math.min(1, intAttribute(node, 'k', 1) / experts);
}

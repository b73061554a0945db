/** Drops the guards that older exports put around attention against rows in which every position is masked. */
import type { OnnxModel, OnnxTensor } from '../model.ts';
import { isStandard, ValueLookup } from './valueLookup.ts';

/**
 * Takes out every Where(IsNaN(x), 0, x) over a Softmax x. Only a row without any unmasked position gives NaN there, and
 * a sequence served by itself, unpadded, has none: each token sees at least itself. WebGPU has no kernel for IsNaN, so
 * that each guard costs a read from the GPU, in every layer and step (seen with onnxruntime 1.30).
 * @returns what was done, for people
 */
export function dropNanGuards(model: OnnxModel): string[] {
  const graph = model.graph;
  const lookup = new ValueLookup(graph);
  const outputs = new Set(graph.outputs.map((output) => output.name));
  const unguarded = new Map<string, string>();
  for (const node of graph.nodes) {
    if (!isStandard(node, 'Where')) continue;
    const [condition, replacement, probabilities] = node.inputs;
    const isNan = lookup.producerOf(condition);
    if (!isStandard(isNan, 'IsNaN') || isNan.inputs[0] !== probabilities || probabilities === undefined)
      continue;
    if (!isStandard(lookup.producerOf(probabilities), 'Softmax')) continue;
    const [guarded] = node.outputs;
    if (!isZero(lookup.constantOf(replacement)) || guarded === undefined || outputs.has(guarded)) continue;
    unguarded.set(guarded, probabilities);
  }
  if (unguarded.size === 0) return [];
  for (const node of graph.nodes) node.inputs = node.inputs.map((input) => unguarded.get(input) ?? input);
  return [`Dropped ${unguarded.size} guards against fully masked rows, which do not occur.`];
}

function isZero(tensor: OnnxTensor | undefined): boolean {
  return tensor?.data.kind === 'inline' && tensor.data.bytes.every((byte) => byte === 0);
}

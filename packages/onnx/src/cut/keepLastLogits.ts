/** Makes sure that a graph gives logits of the last position only, as a stage promises. */
import type { OnnxGraph, OnnxValue } from '../model.ts';
import { makeNode } from '../graph/nodes.ts';
import { int64Tensor } from '../graph/simplifyGraph.ts';

/** Largest int64: to the end, for Slice. */
const toTheEnd = 2n ** 63n - 1n;

/**
 * Slices the logits themselves where the head still computes every position: the rewrites, which slice before the
 * head's matmul, leave a head alone whose form they don't know.
 * @returns whether there was anything to do
 */
export function keepLastLogits(graph: OnnxGraph, logits: OnnxValue): boolean {
  if (logits.dims[1] === 1) return false;
  const every = `${logits.name}/every_position`;
  for (const node of graph.nodes) {
    node.inputs = node.inputs.map((name) => (name === logits.name ? every : name));
    node.outputs = node.outputs.map((name) => (name === logits.name ? every : name));
  }
  const annotation = graph.values.find((value) => value.name === logits.name);
  if (annotation) annotation.name = every;
  const bounds = { starts: -1n, ends: toTheEnd, axes: 1n };
  const names = Object.entries(bounds).map(([part, value]) => {
    const name = `${every}/${part}`;
    graph.initializers.set(name, int64Tensor(name, [value]));
    return name;
  });
  graph.nodes.push(makeNode('Slice', [every, ...names], logits.name));
  logits.dims[1] = 1;
  return true;
}

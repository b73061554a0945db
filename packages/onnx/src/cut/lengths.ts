/**
 * Makes the lengths of a step values of their own.
 *
 * Old exports take positions and mask from the *shape* of layer 0's cache and of the embedding. A stage without
 * layer 0 has neither, but knows the same numbers from its own inputs. So each `Shape` of a cache, or of anything
 * made before the first cache is read, becomes a concatenation of constants and of the three lengths, and every
 * stage makes the lengths from what it has.
 */
import type { Dimension } from '@potluck/protocol';
import type { OnnxGraph, OnnxNode } from '../model.ts';
import type { GraphIndex } from '../graph/graphIndex.ts';
import { intAttribute, makeNode } from '../graph/nodes.ts';
import { int64Tensor } from '../graph/simplifyGraph.ts';
import type { ShapeOf } from '../graph/valueShapes.ts';

export type Length = Extract<Dimension, string>;

/** Names of the values that hold the lengths, each int64 [1]. */
export type LengthNames = Record<Length, string>;

/** What each of these values holds. */
export function meaningsOf(names: LengthNames): Map<string, Length> {
  const { step, past, total } = names;
  return new Map([
    [step, 'step'],
    [past, 'past'],
    [total, 'total'],
  ]);
}

/** Names that no value of the graph has. */
export function nameLengths(graph: OnnxGraph, index: GraphIndex): LengthNames {
  const isTaken = (name: string): boolean =>
    index.producers.has(name) || index.consumers.has(name) || graph.initializers.has(name);
  const free = (name: string): string => {
    let candidate = name;
    for (let suffix = 2; isTaken(candidate); suffix++) candidate = `${name}${suffix}`;
    return candidate;
  };
  return {
    step: free('potluck/length/step'),
    past: free('potluck/length/past'),
    total: free('potluck/length/total'),
  };
}

/**
 * Replaces the `Shape` nodes whose shape is known and whose input is in `free`, in place.
 * @returns how many were replaced
 */
export function replaceShapes(
  graph: OnnxGraph,
  shapeOf: ShapeOf,
  lengths: LengthNames,
  isFree: (value: string) => boolean,
): number {
  let replaced = 0;
  graph.nodes = graph.nodes.map((node) => {
    const [source] = node.inputs;
    const [output] = node.outputs;
    if (node.opType !== 'Shape' || !source || !output || !isFree(source)) return node;
    const shape = shapeOf(source);
    if (!shape) return node;
    replaced++;
    return lengthsNode(node, shape.dims, output, graph, lengths);
  });
  return replaced;
}

function lengthsNode(
  shape: OnnxNode,
  dims: readonly Dimension[],
  output: string,
  graph: OnnxGraph,
  lengths: LengthNames,
): OnnxNode {
  // Both attributes may be negative, as in slices.
  const start = intAttribute(shape, 'start', 0);
  const end = intAttribute(shape, 'end', dims.length);
  const inputs = dims.slice(start, end).map((dimension) => {
    if (typeof dimension === 'string') return lengths[dimension];
    const name = `potluck/length/${dimension}`;
    if (!graph.initializers.has(name)) graph.initializers.set(name, int64Tensor(name, [BigInt(dimension)]));
    return name;
  });
  return { ...makeNode('Concat', inputs, output, { axis: 0 }), name: shape.name };
}

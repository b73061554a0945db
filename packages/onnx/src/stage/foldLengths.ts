/**
 * Writes down what shape arithmetic comes to. Exporters compute the shape for every view anew, from the shapes of what is
 * viewed: hundreds of nodes, most of which come to the same numbers at every step.
 */
import type { Dimension } from '@potluck/protocol';
import { indexGraph } from '../graph/graphIndex.ts';
import { numbersOf } from '../graph/reshapes.ts';
import { int64Tensor, removeUnused } from '../graph/simplifyGraph.ts';
import { lookUpShapes, type LengthsOf, type ShapeOf } from '../graph/valueShapes.ts';
import type { OnnxGraph, OnnxNode } from '../model.ts';

/** What the symbols of a stage's inputs and outputs stand for: themselves. */
export const stageSymbols: ReadonlyMap<string, Dimension> = new Map(
  (['step', 'past', 'total'] as const).map((length) => [length, length]),
);

/**
 * Makes constants of all integers that no step changes, and of the shapes that Reshape and Expand are given, in place. A Reshape
 * takes one length of the step as "what is left", an Expand keeps the lengths that are there already.
 */
export function foldLengths(graph: OnnxGraph): void {
  const { shapeOf, lengthsOf } = lookUpShapes(graph, indexGraph(graph), stageSymbols);
  const leaving = new Set(graph.outputs.map(({ name }) => name));
  graph.nodes = graph.nodes.filter(({ outputs: [output = '', ...more] }) => {
    const shape = shapeOf(output);
    const numbers = numbersOf(lengthsOf(output));
    if (more.length > 0 || leaving.has(output) || shape?.type !== 'int64' || !numbers) return true;
    if (!isShapeOf(shape.dims, numbers.length)) return true;
    graph.initializers.set(output, int64Tensor(output, numbers.map(BigInt), shape.dims.map(Number)));
    return false;
  });
  for (const node of graph.nodes) {
    if (graph.initializers.has(node.inputs[1] ?? '')) continue;
    const numbers =
      node.opType === 'Reshape' ? openShape(node, shapeOf) : spreadShape(node, { shapeOf, lengthsOf });
    if (!numbers) continue;
    const shape = `potluck/shape/${numbers.join('x')}`;
    graph.initializers.set(shape, int64Tensor(shape, numbers.map(BigInt)));
    node.inputs = node.inputs.with(1, shape);
  }
  removeUnused(graph);
}

function isShapeOf(dims: readonly Dimension[], elements: number): boolean {
  if (dims.some((length) => typeof length !== 'number')) return false;
  return dims.reduce<number>((product, length) => product * Number(length), 1) === elements;
}

/** What a Reshape may be given instead, where all but one of its lengths are numbers. */
function openShape(node: OnnxNode, shapeOf: ShapeOf): number[] | undefined {
  const dims = shapeOf(node.outputs[0] ?? '')?.dims;
  if (dims?.filter((length) => typeof length !== 'number').length !== 1 || dims.includes(0)) return undefined;
  return dims.map((length) => (typeof length === 'number' ? length : -1));
}

/** What an Expand may be given instead, where it changes no length of the step. */
function spreadShape(
  node: OnnxNode,
  { shapeOf, lengthsOf }: { shapeOf: ShapeOf; lengthsOf: LengthsOf },
): number[] | undefined {
  if (node.opType !== 'Expand') return undefined;
  const wanted = lengthsOf(node.inputs[1] ?? '');
  const given = shapeOf(node.inputs[0] ?? '')?.dims;
  if (!wanted || !given) return undefined;
  const before = wanted.length - given.length;
  const kept = wanted.map((length, axis) =>
    typeof length === 'string' && given[axis - before] === length ? 1 : length,
  );
  return numbersOf(kept)?.slice();
}

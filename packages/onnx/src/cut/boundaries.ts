/**
 * Finds, before every layer, the smallest set of tensors that cross from the layers before to the layers after.
 *
 * Before layer k: nodes that descend from the caches of layer k and later are late; nodes that read earlier caches,
 * and all that these need, are early; the rest goes where the fewest bytes cross. Nodes that need neither a cache
 * nor token ids (masks, rotary angles, reshaped weights) belong to no side: every stage has its own.
 */
import { UnsupportedModelError } from '../errors.ts';
import type { OnnxGraph, OnnxNode } from '../model.ts';
import { namesOf, type GraphIndex } from '../graph/graphIndex.ts';
import type { ShapeOf } from '../graph/valueShapes.ts';
import { elementBits } from '../protobuf/elementType.ts';
import type { CachePair } from './caches.ts';
import { descents } from './layers.ts';
import { FlowNetwork, uncuttable } from './minimumCut.ts';

/** Cost of a length that grows with the context, in tokens: what crosses at every step must not be the cache. */
const costlyTokens = 4096;

/** Cost in bytes of a tensor that nothing is known of: cut only if there is no other way. */
const unknownBytes = 2 ** 32;

export interface BoundaryProblem {
  graph: OnnxGraph;
  index: GraphIndex;
  shapeOf: ShapeOf;
  layers: CachePair[][];
  tokenIds: string;
  logits: string;
}

/**
 * Values that cross before each layer, in the order in which they are made: entry 0 parts the embedding from layer
 * 0, entry k layer k-1 from layer k, and the last entry the last layer from the head.
 * @throws {UnsupportedModelError} naming the cache before which no cut exists
 */
export function findBoundaries(problem: BoundaryProblem): string[][] {
  const { index, layers } = problem;
  const sides = prepare(problem);
  const boundaries: string[][] = [];
  /** Nodes before the boundary looked at; grows from boundary to boundary, so that stages never overlap. */
  const early = new Set<OnnxNode>();
  for (let layer = 0; layer <= layers.length; layer++) {
    for (const seed of earlySeeds(problem, layer)) addWithAncestors(seed, early, sides, index);
    const late = lateNodes(problem, layer, early, sides);
    cutOnce(problem, layer, early, late, sides);
    boundaries.push(crossing(problem, early, sides));
  }
  return boundaries;
}

interface Sides {
  /** Nodes that must be on one side, each after those that make its inputs. */
  placed: OnnxNode[];
  isPlaced: Set<OnnxNode>;
  /** The highest layer whose cache the node descends from; -1 for none. */
  highestLayer: Map<OnnxNode, number>;
  /** Values made of weights alone. */
  heavyValues: Set<string>;
}

function prepare({ graph, index, layers, tokenIds }: BoundaryProblem): Sides {
  const sources = new Map([[tokenIds, 1n]]);
  layers.forEach((members, layer) => {
    for (const member of members) sources.set(member.input.name, 1n << BigInt(layer + 1));
  });
  const found = descents(index, sources);
  const bitsOf = (node: OnnxNode): bigint =>
    node.inputs.reduce((bits, input) => bits | (found.get(input) ?? 0n), 0n);
  const placed = index.order.filter((node) => bitsOf(node) !== 0n);
  const highestLayer = new Map(placed.map((node) => [node, bitsOf(node).toString(2).length - 2]));
  return { placed, isPlaced: new Set(placed), highestLayer, heavyValues: heavyValues(graph, index) };
}

/** Matrices, and what is made of nothing but constants and at least one matrix. */
function heavyValues(graph: OnnxGraph, index: GraphIndex): Set<string> {
  const heavy = new Set<string>();
  const constant = new Set(graph.initializers.keys());
  for (const tensor of graph.initializers.values()) {
    if (tensor.dims.filter((length) => length > 1).length >= 2) heavy.add(tensor.name);
  }
  for (const node of index.order) {
    const inputs = namesOf(node.inputs);
    if (!inputs.every((input) => constant.has(input))) continue;
    const isHeavy = inputs.some((input) => heavy.has(input));
    for (const output of namesOf(node.outputs)) {
      constant.add(output);
      if (isHeavy) heavy.add(output);
    }
  }
  return heavy;
}

/** Nodes that read the caches of earlier layers or write them; at the front, those that read token ids. */
function earlySeeds({ index, layers, tokenIds }: BoundaryProblem, layer: number): OnnxNode[] {
  if (layer === 0) return index.consumers.get(tokenIds) ?? [];
  return (layers[layer - 1] ?? []).flatMap((pair) => [
    ...(index.consumers.get(pair.input.name) ?? []),
    ...[index.producers.get(pair.output.name)].filter((node) => node !== undefined),
  ]);
}

function addWithAncestors(seed: OnnxNode, side: Set<OnnxNode>, sides: Sides, index: GraphIndex): void {
  const waiting = [seed];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (side.has(node) || !sides.isPlaced.has(node)) continue;
    side.add(node);
    waiting.push(...producersOf(node, index));
  }
}

/**
 * Nodes that must come after the boundary: what descends from the caches of `layer` and later, and, so that a
 * layer's weights are all on one side, the matrix products right before the layer's cache (before the logits, for
 * the head).
 */
function lateNodes(
  problem: BoundaryProblem,
  layer: number,
  early: Set<OnnxNode>,
  sides: Sides,
): Set<OnnxNode> {
  const { layers, logits } = problem;
  const late = new Set<OnnxNode>();
  for (const node of sides.placed) {
    if ((sides.highestLayer.get(node) ?? -1) >= layer) late.add(node);
  }
  const name = layers[layer]?.[0]?.input.name ?? logits;
  for (const node of late) {
    if (early.has(node)) throw new UnsupportedModelError('a cache that earlier layers need too', name);
  }
  for (const node of lastProducts(problem, layer, early, sides)) late.add(node);
  return late;
}

/**
 * The matrix products right before a layer's cache, or before the logits: those that no other product follows on any
 * way there.
 */
function lastProducts(
  { index, layers, logits }: BoundaryProblem,
  layer: number,
  early: Set<OnnxNode>,
  sides: Sides,
): OnnxNode[] {
  const isHead = layer === layers.length;
  const gates = isHead
    ? [index.producers.get(logits)].filter((node) => node !== undefined)
    : (layers[layer] ?? []).flatMap((pair) => index.consumers.get(pair.input.name) ?? []);
  const isProduct = (node: OnnxNode): boolean => node.inputs.some((input) => sides.heavyValues.has(input));
  const products: OnnxNode[] = [];
  const seen = new Set<OnnxNode>();
  const waiting = [...gates];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (seen.has(node) || early.has(node) || !sides.isPlaced.has(node)) continue;
    seen.add(node);
    // An operator that reads a cache may read rotary tables too: these are no weights to stop at.
    if (isProduct(node) && (isHead || !gates.includes(node))) products.push(node);
    else waiting.push(...producersOf(node, index));
  }
  // Shapes and scales lead past a product to the ones before it.
  const before = new Set<OnnxNode>();
  for (const product of products) {
    for (const producer of producersOf(product, index)) addWithAncestors(producer, before, sides, index);
  }
  return products.filter((product) => !before.has(product));
}

function producersOf(node: OnnxNode, index: GraphIndex): OnnxNode[] {
  return namesOf(node.inputs).flatMap((input) => index.producers.get(input) ?? []);
}

/** Adds to `early` all nodes that the latest smallest cut puts there. */
function cutOnce(
  problem: BoundaryProblem,
  layer: number,
  early: Set<OnnxNode>,
  late: Set<OnnxNode>,
  sides: Sides,
): void {
  const { index, tokenIds, layers, logits } = problem;
  const sourceVertex = 0;
  const sinkVertex = 1;
  const free = sides.placed.filter((node) => !early.has(node) && !late.has(node));
  const vertexOf = new Map(free.map((node, position) => [node, position + 2]));
  const vertex = (node: OnnxNode | undefined): number => {
    if (!node || early.has(node)) return sourceVertex;
    return vertexOf.get(node) ?? sinkVertex;
  };
  const values = crossable(problem, early, late, sides);
  const network = new FlowNetwork(2 + free.length + values.length);
  values.forEach((value, position) => {
    const valueVertex = 2 + free.length + position;
    const from = vertex(value === tokenIds ? undefined : index.producers.get(value));
    network.addEdge(from, valueVertex, valueBytes(value, problem.shapeOf));
    for (const consumer of index.consumers.get(value) ?? []) {
      if (early.has(consumer)) continue;
      network.addEdge(valueVertex, vertex(consumer), uncuttable);
      // What an early node reads is made early.
      if (from !== sourceVertex) network.addEdge(vertex(consumer), from, uncuttable);
    }
  });
  const onLateSide = network.latestMinimumCut(sourceVertex, sinkVertex);
  if (!onLateSide) {
    throw new UnsupportedModelError('no cut before a cache', layers[layer]?.[0]?.input.name ?? logits);
  }
  for (const node of free) if (!onLateSide[vertex(node)]) early.add(node);
}

/** Values that some node after the boundary may need from before it. */
function crossable(
  { index, tokenIds }: BoundaryProblem,
  early: Set<OnnxNode>,
  late: Set<OnnxNode>,
  sides: Sides,
): string[] {
  const values: string[] = [];
  const add = (value: string): void => {
    const consumers = index.consumers.get(value) ?? [];
    if (consumers.some((node) => sides.isPlaced.has(node) && !early.has(node))) values.push(value);
  };
  add(tokenIds);
  for (const node of sides.placed) if (!late.has(node)) namesOf(node.outputs).forEach(add);
  return values;
}

/** Values made before the boundary and needed after it. */
function crossing(problem: BoundaryProblem, early: Set<OnnxNode>, sides: Sides): string[] {
  const { index, tokenIds } = problem;
  const isNeededLater = (value: string): boolean =>
    (index.consumers.get(value) ?? []).some((node) => sides.isPlaced.has(node) && !early.has(node));
  const made = sides.placed.filter((node) => early.has(node)).flatMap((node) => namesOf(node.outputs));
  return [tokenIds, ...made].filter(isNeededLater);
}

function valueBytes(value: string, shapeOf: ShapeOf): number {
  const shape = shapeOf(value);
  if (!shape) return unknownBytes;
  const elements = shape.dims.reduce<number>((product, dimension) => {
    if (typeof dimension === 'number') return product * dimension;
    return dimension === 'step' ? product : product * costlyTokens;
  }, 1);
  return Math.max(1, (elements * elementBits(shape.type)) / 8);
}

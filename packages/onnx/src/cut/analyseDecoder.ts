/** Everything about a decoder that a stage is built from. */
import type { Dimension, StageCache, StageInput, StageTensor } from '@potluck/protocol';
import { UnsupportedModelError } from '../errors.ts';
import type { OnnxGraph, OnnxValue } from '../model.ts';
import { indexGraph, type GraphIndex } from '../graph/graphIndex.ts';
import { removeUnused } from '../graph/simplifyGraph.ts';
import { shapeLookup, type ShapeOf } from '../graph/valueShapes.ts';
import { findBoundaries } from './boundaries.ts';
import { pairCaches, type CachePair } from './caches.ts';
import type { DecoderConfig } from './decoderConfig.ts';
import { findDecoderInputs, type DecoderInputs } from './decoderInputs.ts';
import { descents, orderLayers } from './layers.ts';
import { keepLastLogits } from './keepLastLogits.ts';
import { meaningsOf, nameLengths, replaceShapes, type LengthNames } from './lengths.ts';

/** How a decoder's graph can be cut. */
export interface DecoderAnatomy {
  inputs: StageInput[];
  logits: StageTensor;
  /** Ordered by layer. */
  caches: StageCache[];
  layerCount: number;
  /** Tensors that cross before each layer; none before layer 0, which starts with token ids. */
  boundaries: StageTensor[][];
  /** Values that part the embedding from layer 0, and the last layer from the head. */
  embeddingValues: string[];
  headValues: string[];
  /** Inputs of the graph that a stage makes by itself: the lengths of a step. */
  lengths: LengthNames;
}

/**
 * Finds inputs, caches, layers and boundaries. Changes the graph: lengths that were read from shapes become three
 * inputs (see `lengths`), and what no output needs is dropped.
 * @throws {UnsupportedModelError} naming what can't be cut
 */
export function analyseDecoder(graph: OnnxGraph, config: DecoderConfig, notes: string[]): DecoderAnatomy {
  removeUnused(graph);
  let index = indexGraph(graph);
  const roles = findDecoderInputs(graph, index, config, notes);
  if (keepLastLogits(graph, roles.logits)) {
    notes.push(
      'The last part computes scores for every position, and all but the last position’s are dropped.',
    );
    index = indexGraph(graph);
  }
  const batchSymbol = roles.tokenIds.dims[0];
  const pairs = pairCaches(
    graph,
    index,
    { inputs: roles.cacheInputs, outputs: roles.cacheOutputs, batchSymbol },
    config,
  );
  if (dropOutputs(graph, roles, pairs, notes)) index = indexGraph(graph);
  const symbols = symbolMeanings(roles, pairs);
  const lengths = nameLengths(graph, index);
  freeLengths(graph, index, symbols, roles, pairs, lengths);
  removeUnused(graph);
  graph.inputs.push(...lengthInputs(lengths));
  index = indexGraph(graph);
  const shapeOf = shapeLookup(graph, index, symbols, meaningsOf(lengths));
  const layers = orderLayers(pairs, index);
  const boundaries = findBoundaries({
    graph,
    index,
    shapeOf,
    layers,
    tokenIds: roles.tokenIds.name,
    logits: roles.logits.name,
  });
  return {
    inputs: describeInputs(roles),
    logits: describeLogits(roles.logits, shapeOf, config),
    caches: layers.flatMap((members, layer) =>
      members.map((pair) => describeCache(pair, layer, index, boundaries.flat())),
    ),
    layerCount: layers.length,
    boundaries: layers.map((_, layer) =>
      layer === 0 ? [] : (boundaries[layer] ?? []).map((value) => describeValue(value, shapeOf)),
    ),
    embeddingValues: boundaries[0] ?? [],
    headValues: boundaries.at(-1) ?? [],
    lengths,
  };
}

/** Takes away the outputs that are neither logits nor caches, with what only they need. */
function dropOutputs(
  graph: OnnxGraph,
  roles: DecoderInputs,
  pairs: readonly CachePair[],
  notes: string[],
): boolean {
  const kept = new Set([roles.logits.name, ...pairs.map(({ output }) => output.name)]);
  const dropped = graph.outputs.filter(({ name }) => !kept.has(name)).map(({ name }) => name);
  if (dropped.length === 0) return false;
  graph.outputs = graph.outputs.filter(({ name }) => kept.has(name));
  removeUnused(graph);
  notes.push(`Results that an answer does not need are left out: ${dropped.join(', ')}.`);
  return true;
}

/** The lengths as inputs: each stage makes them in its own way. */
function lengthInputs(lengths: LengthNames): OnnxValue[] {
  return Object.values(lengths).map((name) => ({ name, type: 'int64', dims: [1] }));
}

function symbolMeanings(roles: DecoderInputs, pairs: CachePair[]): Map<string, Dimension> {
  const meanings = new Map<string, Dimension>();
  const mean = (symbol: OnnxValue['dims'][number], dimension: Dimension): void => {
    if (typeof symbol === 'string' && !meanings.has(symbol)) meanings.set(symbol, dimension);
  };
  mean(roles.tokenIds.dims[0], 1);
  mean(roles.tokenIds.dims[1], 'step');
  mean(roles.mask?.dims[1], 'total');
  for (const { input, output, dims, sequenceAxis } of pairs) {
    dims.forEach((dimension, axis) => {
      const past = input.dims[axis];
      const present = output.dims[axis];
      if (axis !== sequenceAxis) mean(past, dimension);
      // Graphs with one buffer for both give both one symbol, which then says nothing.
      else if (past !== present) {
        mean(past, 'past');
        mean(present, 'total');
      }
    });
  }
  return meanings;
}

/** Frees masks and positions from layer 0: lengths read from caches, or from what is made before any cache. */
function freeLengths(
  graph: OnnxGraph,
  index: GraphIndex,
  symbols: ReadonlyMap<string, Dimension>,
  roles: DecoderInputs,
  pairs: CachePair[],
  lengths: LengthNames,
): void {
  const annotated = shapeLookup(graph, index, symbols);
  const ofCaches = new Map<string, Dimension[]>(
    pairs.flatMap((pair) => [
      [pair.input.name, pair.dims] as const,
      [pair.output.name, pair.dims.map((d) => (d === 'past' ? 'total' : d))] as const,
    ]),
  );
  // Exports in half precision convert caches first, and take shapes from what they converted.
  for (const { opType, inputs, outputs } of index.order) {
    const dims = opType === 'Cast' || opType === 'Identity' ? ofCaches.get(inputs[0] ?? '') : undefined;
    if (dims && outputs[0]) ofCaches.set(outputs[0], dims);
  }
  const type = pairs[0]?.input.type ?? 'float32';
  const shapeOf: ShapeOf = (value) => {
    const dims = ofCaches.get(value);
    return dims ? { type, dims } : annotated(value);
  };
  const afterCaches = descents(index, new Map(pairs.map((pair) => [pair.input.name, 1n])));
  const afterTokens = descents(index, new Map([[roles.tokenIds.name, 1n]]));
  replaceShapes(
    graph,
    shapeOf,
    lengths,
    (value) => ofCaches.has(value) || (afterTokens.has(value) && !afterCaches.has(value)),
  );
}

function describeInputs(roles: DecoderInputs): StageInput[] {
  const inputs: StageInput[] = [
    { name: roles.tokenIds.name, type: roles.tokenIds.type, dims: [1, 'step'], role: 'token-ids' },
  ];
  if (roles.mask) {
    inputs.push({ name: roles.mask.name, type: roles.mask.type, dims: [1, 'total'], role: 'attention-mask' });
  }
  if (roles.positions) {
    const { name, type } = roles.positions;
    inputs.push({ name, type, dims: [1, 'step'], role: 'position-ids' });
  }
  return inputs;
}

function describeLogits(logits: OnnxValue, shapeOf: ShapeOf, config: DecoderConfig): StageTensor {
  const last = logits.dims.at(-1);
  const inferred = shapeOf(logits.name)?.dims.at(-1);
  const size = [last, inferred, config.vocabularySize].find((length) => typeof length === 'number');
  if (typeof size !== 'number') throw new UnsupportedModelError('a vocabulary of unknown size', logits.name);
  return { name: logits.name, type: logits.type, dims: [1, 1, size] };
}

function describeValue(value: string, shapeOf: ShapeOf): StageTensor {
  const shape = shapeOf(value);
  if (!shape) throw new UnsupportedModelError('a tensor between layers whose shape is unknown', value);
  return { name: value, type: shape.type, dims: shape.dims };
}

function describeCache(
  pair: CachePair,
  layer: number,
  index: GraphIndex,
  crossingValues: readonly string[],
): StageCache {
  const readers = index.consumers.get(pair.input.name) ?? [];
  const isPadded =
    pair.fusedNode?.opType === 'GroupQueryAttention' &&
    readers.length === 1 &&
    readers[0] === pair.fusedNode &&
    !index.consumers.has(pair.output.name) &&
    !crossingValues.includes(pair.output.name);
  return {
    layer,
    kind: pair.kind,
    input: pair.input.name,
    output: pair.output.name,
    type: pair.input.type,
    dims: pair.dims,
    ...(pair.sequenceAxis === undefined ? {} : { sequenceAxis: pair.sequenceAxis }),
    capacityPadded: isPadded,
  };
}

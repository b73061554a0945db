/** Finds which input is the past of which output, by the way data takes through the graph and never by name. */
import type { Dimension } from '@potluck/protocol';
import { UnsupportedModelError } from '../errors.ts';
import type { OnnxGraph, OnnxNode, OnnxValue } from '../model.ts';
import { namesOf, type GraphIndex } from '../graph/graphIndex.ts';
import { intAttribute } from '../graph/nodes.ts';
import type { DecoderConfig } from './decoderConfig.ts';

/** A cache as the graph has it, before layers are known. */
export interface CachePair {
  input: OnnxValue;
  output: OnnxValue;
  kind: 'attention' | 'state';
  /** The axis that grows; only for attention. */
  sequenceAxis: number | undefined;
  /** Shape of the past. */
  dims: Dimension[];
  /** The node that reads the past and writes the present at once, where there is one. */
  fusedNode: OnnxNode | undefined;
}

interface Slots {
  /** Output slot by input slot: present by past. */
  presentByPast: Record<number, number>;
  sequenceAxis: number;
}

/** Operators that take caches as inputs and give them back grown, with [batch, heads, sequence, head size]. */
const fusedAttention: Record<string, Slots> = {
  GroupQueryAttention: { presentByPast: { 3: 1, 4: 2 }, sequenceAxis: 2 },
  MultiHeadAttention: { presentByPast: { 6: 1, 7: 2 }, sequenceAxis: 2 },
  Attention: { presentByPast: { 4: 1, 5: 2 }, sequenceAxis: 2 },
};

/** How far behind an output its past may be: a concatenation, a slice, a few casts and a decay. */
const maxSteps = 12;

/**
 * Pairs outputs with the nearest input that their data comes from. An output without one is left out: no cache.
 * @throws {UnsupportedModelError} naming a past without an output, or a shape that is neither growing nor fixed
 */
export function pairCaches(
  graph: OnnxGraph,
  index: GraphIndex,
  candidates: { inputs: OnnxValue[]; outputs: OnnxValue[]; batchSymbol: OnnxValue['dims'][number] },
  config: DecoderConfig,
): CachePair[] {
  const inputs = new Map(candidates.inputs.map((input) => [input.name, input]));
  const taken = new Set<string>();
  const pairs = candidates.outputs.flatMap((output) => {
    const past = findPast(output, inputs, index, taken);
    if (!past) return [];
    taken.add(past.name);
    return [describePair(past, output, index, candidates.batchSymbol, config)];
  });
  const orphan = candidates.inputs.find((input) => !taken.has(input.name));
  if (orphan)
    throw new UnsupportedModelError('an input that is no cache, mask, position or token id', orphan.name);
  if (pairs.length === 0) throw new UnsupportedModelError('a graph without a cache', graph.name || 'graph');
  return pairs;
}

function findPast(
  output: OnnxValue,
  inputs: Map<string, OnnxValue>,
  index: GraphIndex,
  taken: Set<string>,
): OnnxValue | undefined {
  const fused = fusedSlot(output.name, index);
  if (fused) return inputs.get(fused.past);
  let frontier = [output.name];
  const seen = new Set(frontier);
  for (let step = 0; step < maxSteps && frontier.length > 0; step++) {
    const next: string[] = [];
    for (const value of frontier) {
      const node = index.producers.get(value);
      // A shape tells a length, not the data.
      if (!node || node.opType === 'Shape') continue;
      for (const input of namesOf(node.inputs)) {
        if (!seen.has(input)) next.push(input);
        seen.add(input);
      }
    }
    const found = next.flatMap((value) => inputs.get(value) ?? []).filter((input) => fits(input, output));
    // Several at the same distance: a fused operator that we don't know. Its inputs and outputs go in order.
    const free = found.find((input) => !taken.has(input.name));
    if (found.length > 0) return free;
    frontier = next;
  }
  return undefined;
}

/** The past of a present that a fused attention operator writes. */
function fusedSlot(present: string, index: GraphIndex): { node: OnnxNode; past: string } | undefined {
  const node = index.producers.get(present);
  const slots = node && fusedAttention[node.opType];
  if (!slots) return undefined;
  const slot = Object.entries(slots.presentByPast).find(
    ([, output]) => node.outputs[output] === present,
  )?.[0];
  const past = slot === undefined ? undefined : node.inputs[Number(slot)];
  return past ? { node, past } : undefined;
}

function fits(input: OnnxValue, output: OnnxValue): boolean {
  if (input.type !== output.type || input.dims.length !== output.dims.length) return false;
  return input.dims.every((dimension, axis) => {
    const other = output.dims[axis];
    return typeof dimension !== 'number' || typeof other !== 'number' || dimension === other;
  });
}

function describePair(
  input: OnnxValue,
  output: OnnxValue,
  index: GraphIndex,
  batchSymbol: OnnxValue['dims'][number],
  config: DecoderConfig,
): CachePair {
  const fused = fusedSlot(output.name, index);
  const sequenceAxis = growingAxis(input, output, index, batchSymbol, fused?.node);
  const dims = input.dims.map((dimension, axis): Dimension => {
    if (axis === sequenceAxis) return 'past';
    if (typeof dimension === 'number') return axis === 0 && dimension === batchSymbol ? 1 : dimension;
    if (axis === 0) return 1;
    // Where the file leaves them open, the axes of [batch, heads, sequence, head size] are in the configuration.
    const known = input.dims.length === 4 ? { 1: config.keyValueHeads, 3: config.headSize }[axis] : undefined;
    if (known === undefined) {
      throw new UnsupportedModelError(`a cache whose axis ${axis} has no known length`, input.name);
    }
    return known;
  });
  return {
    input,
    output,
    kind: sequenceAxis === undefined ? 'state' : 'attention',
    sequenceAxis,
    dims,
    fusedNode: fused?.node,
  };
}

/** The axis along which the present is longer than the past, or undefined for a state of fixed size. */
function growingAxis(
  input: OnnxValue,
  output: OnnxValue,
  index: GraphIndex,
  batchSymbol: OnnxValue['dims'][number],
  fused: OnnxNode | undefined,
): number | undefined {
  const axisOfFused = fused && fusedAttention[fused.opType]?.sequenceAxis;
  if (axisOfFused !== undefined) return axisOfFused;
  const producer = index.producers.get(output.name);
  if (producer?.opType === 'Concat' && producer.inputs.includes(input.name)) {
    const axis = intAttribute(producer, 'axis', 0);
    return axis < 0 ? axis + input.dims.length : axis;
  }
  const open = input.dims.flatMap((dimension, axis) =>
    typeof dimension !== 'number' && !(axis === 0 || dimension === batchSymbol) ? [axis] : [],
  );
  if (open.length === 0) return undefined;
  const growing = open.filter((axis) => input.dims[axis] !== output.dims[axis]);
  const [axis] = growing;
  if (axis === undefined || growing.length > 1) {
    throw new UnsupportedModelError(
      'a cache that neither grows along one axis nor has a fixed size',
      input.name,
    );
  }
  return axis;
}

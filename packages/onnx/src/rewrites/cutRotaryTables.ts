/** Cuts tables indexed by position (cosines, sines, learned positions) to the context that is served. */
import { intAttribute } from '../graph/nodes.ts';
import type { OnnxModel, OnnxNode, OnnxTensor, TensorData } from '../model.ts';
import { ValueLookup, isMicrosoft, isStandard } from './valueLookup.ts';

/**
 * Keeps the first `contextLength` rows of every constant table whose rows are positions: the cosine and sine caches
 * of GroupQueryAttention and RotaryEmbedding, and tables that a Gather reads by the input `position_ids` directly.
 * A table that anything else reads as well stays whole. The results for positions below `contextLength` do not
 * change by a bit; nothing is read, since the first rows are a prefix of the bytes.
 * @param contextLength tokens, at least 1
 * @returns what was done, for people
 */
export function cutRotaryTables(model: OnnxModel, contextLength: number): string[] {
  const graph = model.graph;
  const lookup = new ValueLookup(graph);
  const notes: string[] = [];
  for (const [name, table] of graph.initializers) {
    const consumers = lookup.consumersOf(name);
    if (consumers.length === 0 || !consumers.every((node) => readsRowsByPosition(node, name, lookup)))
      continue;
    const rows = table.dims[0];
    if (rows === undefined) continue;
    if (rows < contextLength) {
      notes.push(`Table ${name} has ${rows} positions, fewer than the context of ${contextLength} tokens.`);
    }
    if (rows <= contextLength) continue;
    graph.initializers.set(name, firstRows(table, rows, contextLength));
    notes.push(
      `Table ${name} is cut from ${rows} to ${contextLength} positions, as many as the context has.`,
    );
  }
  return notes;
}

/** True where this node reads `table` by position and in no other way. */
function readsRowsByPosition(node: OnnxNode, table: string, lookup: ValueLookup): boolean {
  const places = node.inputs.flatMap((input, place) => (input === table ? [place] : []));
  const tablePlaces = tableInputs(node);
  if (tablePlaces !== undefined) return places.every((place) => tablePlaces.includes(place));
  const isGather = isStandard(node, 'Gather') && intAttribute(node, 'axis', 0) === 0;
  return isGather && places.join() === '0' && isPositions(node.inputs[1], lookup);
}

/** Which inputs of a rotary operator are its cosine and sine tables. */
function tableInputs(node: OnnxNode): number[] | undefined {
  if (isMicrosoft(node, 'GroupQueryAttention')) return [7, 8];
  if (isMicrosoft(node, 'RotaryEmbedding')) return [2, 3];
  // In the standard operator (set 23) the tables have rows for positions only where position ids are given.
  if (isStandard(node, 'RotaryEmbedding') && node.inputs[3]) return [1, 2];
  return undefined;
}

/** True for the input `position_ids`, however cast or reshaped, but not for anything computed from it. */
function isPositions(value: string | undefined, lookup: ValueLookup): boolean {
  let name = value;
  for (let producer = lookup.producerOf(name); producer !== undefined; producer = lookup.producerOf(name)) {
    if (!isStandard(producer, 'Cast', 'Identity', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten')) return false;
    name = producer.inputs[0];
  }
  return name === 'position_ids';
}

function firstRows(table: OnnxTensor, rows: number, kept: number): OnnxTensor {
  return { ...table, dims: [kept, ...table.dims.slice(1)], data: prefix(table.data, kept / rows) };
}

/** The first part of a tensor's bytes; `share` of them, a whole number of rows. */
function prefix(data: TensorData, share: number): TensorData {
  switch (data.kind) {
    case 'inline':
      return { kind: 'inline', bytes: data.bytes.subarray(0, Math.round(data.bytes.length * share)) };
    case 'range':
      return { ...data, length: Math.round(data.length * share) };
    case 'computed': {
      const length = Math.round(data.length * share);
      return { kind: 'computed', length, compute: async () => (await data.compute()).subarray(0, length) };
    }
  }
}

/** Finds where a stage chooses the last position, which gets the logits. */
import { namesOf } from '../graph/graphIndex.ts';
import type { OnnxGraph, OnnxNode, OnnxValue } from '../model.ts';

const sequenceAxis = 1;

/** The Slice nodes behind which only the last position is left, among all that the logits are made of. */
export function findLastPositions(graph: OnnxGraph, logits: string): OnnxNode[] {
  const producers = new Map(
    graph.nodes.flatMap((node) => namesOf(node.outputs).map((name) => [name, node] as const)),
  );
  const found = new Set<OnnxNode>();
  const seen = new Set<string>();
  const waiting = [logits];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const node = producers.get(name);
    if (!node) continue;
    if (choosesLastPosition(node, graph)) found.add(node);
    else waiting.push(...namesOf(node.inputs));
  }
  return [...found];
}

/** Whether these nodes take their bounds as int64 constants, so that int64 inputs can stand in their place. */
export function areOfInt64(choosers: readonly OnnxNode[], graph: OnnxGraph): boolean {
  return choosers.every(({ inputs }) => graph.initializers.get(inputs[1] ?? '')?.type === 'int64');
}

/** @returns outputs, of which the logits are those of any number of rows: [1, logit rows, vocabulary] */
export function withLogitRows(outputs: readonly OnnxValue[], logits: string | undefined): OnnxValue[] {
  return outputs.map((value) =>
    value.name === logits ? { ...value, dims: [1, 'logit_rows', value.dims.at(-1)] } : value,
  );
}

function choosesLastPosition(node: OnnxNode, graph: OnnxGraph): boolean {
  if (node.opType !== 'Slice' || node.domain !== '') return false;
  const [, start, end, axis, step] = node.inputs.map((name) => onlyInteger(name, graph));
  return start === -1n && (end ?? 0n) > 2n ** 30n && axis === BigInt(sequenceAxis) && (step ?? 1n) === 1n;
}

/** The value of an integer constant of one element. */
function onlyInteger(name: string, graph: OnnxGraph): bigint | undefined {
  const tensor = graph.initializers.get(name);
  if (tensor?.data.kind !== 'inline') return undefined;
  const { bytes } = tensor.data;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (tensor.type === 'int64' && bytes.length === 8) return view.getBigInt64(0, true);
  if (tensor.type === 'int32' && bytes.length === 4) return BigInt(view.getInt32(0, true));
  return undefined;
}

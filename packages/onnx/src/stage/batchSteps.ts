/**
 * Lets a stage run steps of several sessions, its members, in one run: everything that treats rows one by one (matmuls,
 * norms) sees the rows of all members as one sequence, and each member has attention of its own over its own cache.
 *
 * Which rows belong to whom is said by inputs at run time, so that one graph, with one copy of the weights, serves any
 * company: what is fed as a slot's `rows` goes into its attention, `order` puts what comes out back in its place, and
 * `logitRows` chooses the rows that get logits. A row may be taken several times (to pad a member's attention), or not at all.
 *
 * Slots stand in groups behind an `If`: a lone member pays for the slots of others only what it takes to skip them.
 */
import type { StageCache } from '@potluck/protocol';
import { UnsupportedModelError } from '../errors.ts';
import { indexGraph, namesOf } from '../graph/graphIndex.ts';
import { makeNode } from '../graph/nodes.ts';
import { int64Tensor, removeUnused } from '../graph/simplifyGraph.ts';
import type { OnnxGraph, OnnxNode } from '../model.ts';
import { elementBits } from '../protobuf/elementType.ts';
import { readModel } from '../protobuf/readModel.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import {
  chooseLogitRows,
  logitRowsInput,
  nameGroups,
  orderInput,
  replaceInputs,
  replaceOutputs,
  rowByRow,
  rowsShape,
  sequence,
  type BatchDescription,
  type BatchedStage,
  type BatchGroup,
} from './batchGroups.ts';
import { checkRows } from './checkRows.ts';
import { giveNewRows, ifActive, inRunOrder, joinParts, type GroupNodes } from './groupNodes.ts';
import { stageFiles, stageGraphName } from './stageFiles.ts';

/** Most dummy rows behind a member's last position that the rotary tables must have angles for. */
export const mostDummyRows = 8;

/** Inputs of GroupQueryAttention, as of ONNX Runtime 1.30. */
export const attentionInput = {
  key: 1,
  value: 2,
  pastKey: 3,
  pastValue: 4,
  lastPlace: 5,
  total: 6,
  cosines: 7,
  sines: 8,
  positionIds: 9,
  bias: 10,
} as const;

/**
 * @param stageGraph as `buildStage` made it
 * @param groupSizes slots of each group, the first of which always runs
 * @throws {UnsupportedModelError} where sessions can't share a run: a cache that is not GroupQueryAttention's alone, or
 *   anything else that depends on a session's length
 */
export async function batchSteps(
  stageGraph: Uint8Array,
  description: BatchDescription,
  groupSizes: readonly number[],
): Promise<BatchedStage> {
  const model = await readModel(stageFiles(stageGraph, description), stageGraphName);
  const { graph } = model;
  const attentions = findAttentions(graph, description.caches);
  checkRows(description);
  const groups = nameGroups(groupSizes, description.caches, { lengths: true, mask: false });
  const alongSequence = int64Tensor('potluck/batch/along-sequence', [BigInt(sequence)]);
  extendRotaryTables(graph, attentions.keys(), description.contextLength);
  const newRowsOf = new Map<BatchGroup, string[]>(groups.map((group) => [group, []]));
  /** What an `If` takes in, by the first of its nodes. */
  const skippable = new Map<OnnxNode, { nodes: OnnxNode[]; node: OnnxNode }>();
  graph.nodes = graph.nodes.flatMap((node) => {
    const pair = attentions.get(node);
    if (!pair) return [node];
    const made: OnnxNode[] = [];
    const attended = groups.map((group, index) => {
      const prefix = `${node.outputs[0]}/group${index}`;
      const part = attendGroup(node, pair, group, { prefix, alongSequence: alongSequence.name, description });
      made.push(...part.nodes);
      const [first] = part.nodes;
      if (group.active !== undefined && first)
        skippable.set(first, { nodes: part.nodes, node: ifActive(part, group.active) });
      const rows = newRowsOf.get(group);
      if (rows) [rows[pair.key], rows[pair.value]] = [part.keys, part.values];
      return part.attended;
    });
    const [result = ''] = node.outputs;
    return [...made, ...inRunOrder(result, attended, result)];
  });
  graph.nodes.push(...giveNewRows(groups, (group, cache) => newRowsOf.get(group)?.[cache]));
  const { logits } = description;
  if (logits) chooseLogitRows(graph, logits.name);
  graph.initializers.set(alongSequence.name, alongSequence);
  replaceInputs(graph, description, groups);
  replaceOutputs(graph, description, groups);
  removeUnused(graph);
  checkLeft(graph, description);
  // Last, since nothing before knows that a branch reads values from around it.
  const inBranches = new Set([...skippable.values()].flatMap(({ nodes }) => nodes));
  graph.nodes = graph.nodes.flatMap((node) =>
    inBranches.has(node) ? (skippable.get(node)?.node ?? []) : node,
  );
  return {
    graph: writeModel(model),
    groups,
    order: orderInput,
    logitRows: logits && logitRowsInput,
  };
}

/** Indices of the caches that one attention node reads and writes. */
export interface CachePair {
  key: number;
  value: number;
}

export function findAttentions(graph: OnnxGraph, caches: readonly StageCache[]): Map<OnnxNode, CachePair> {
  const indexOf = new Map(caches.map(({ input }, index) => [input, index]));
  const attentions = new Map<OnnxNode, CachePair>();
  for (const node of graph.nodes) {
    if (node.opType !== 'GroupQueryAttention') continue;
    const key = indexOf.get(node.inputs[attentionInput.pastKey] ?? '');
    const value = indexOf.get(node.inputs[attentionInput.pastValue] ?? '');
    if (key === undefined || value === undefined) continue;
    for (const input of ['positionIds', 'bias'] as const) {
      if (node.inputs[attentionInput[input]])
        throw new UnsupportedModelError('attention with positions or a bias of its own', node.name);
    }
    attentions.set(node, { key, value });
  }
  const found = new Set([...attentions.values()].flatMap(({ key, value }) => [key, value]));
  for (const [index, cache] of caches.entries()) {
    if (!found.has(index) || !cache.capacityPadded || cache.sequenceAxis !== sequence)
      throw new UnsupportedModelError('a cache that sessions can not have side by side', cache.input);
  }
  return attentions;
}

interface AttendedGroup extends GroupNodes {
  /** [1, attended rows of all its slots, width] */
  attended: string;
  /** [1, heads, new rows of all its slots, size] */
  keys: string;
  values: string;
}

/** One attention node for each slot, with what cuts its rows out and its new rows off. */
function attendGroup(
  attention: OnnxNode,
  pair: CachePair,
  { slots }: BatchGroup,
  {
    prefix,
    alongSequence,
    description: { caches },
  }: { prefix: string; alongSequence: string; description: BatchDescription },
): AttendedGroup {
  const nodes: OnnxNode[] = [];
  const parts = slots.map((slot, index) => {
    const name = `${prefix}/slot${index}`;
    const inputs = [...attention.inputs];
    for (const place of [0, attentionInput.key, attentionInput.value]) {
      const rows = inputs[place];
      if (!rows) continue;
      inputs[place] = `${name}/input${place}`;
      nodes.push(makeNode('Gather', [rows, slot.rows], inputs[place], { axis: 1 }));
    }
    inputs[attentionInput.pastKey] = slot.pasts[pair.key] ?? '';
    inputs[attentionInput.pastValue] = slot.pasts[pair.value] ?? '';
    inputs[attentionInput.lastPlace] = slot.lengths?.lastPlace ?? '';
    inputs[attentionInput.total] = slot.lengths?.total ?? '';
    const outputs = ['attended', 'present-key', 'present-value'].map((part) => `${name}/${part}`) as [
      string,
      string,
      string,
    ];
    nodes.push({ ...attention, name: `${name}/attention`, inputs, outputs });
    const [attended, ...presents] = outputs;
    const [keys, values] = presents.map((present) => {
      const bounds = [slot.from, slot.to, alongSequence];
      nodes.push(makeNode('Slice', [present, ...bounds], `${present}/new`));
      return `${present}/new`;
    }) as [string, string];
    return { attended, keys, values };
  });
  const join = (part: keyof (typeof parts)[number], axis: number): string =>
    joinParts(
      nodes,
      parts.map((slot) => slot[part]),
      `${prefix}/${part}`,
      axis,
    );
  const attended = join('attended', 1);
  const keys = join('keys', sequence);
  const values = join('values', sequence);
  const type = caches[pair.key]?.type ?? 'float32';
  const leaving = new Map([
    [attended, { type, dims: [1, undefined, widthOf(attention, caches[pair.value])] }],
    [keys, { type, dims: rowsShape(caches[pair.key]) }],
    [values, { type, dims: rowsShape(caches[pair.value]) }],
  ]);
  return { nodes, leaving, attended, keys, values };
}

/** The last axis of what an attention node returns: its query heads, each of a value's size. */
export function widthOf(attention: OnnxNode, value: StageCache | undefined): number {
  const queryHeads = attention.attributes.get('num_heads');
  const size = value?.dims.at(-1);
  if (queryHeads?.type !== 'int' || typeof size !== 'number')
    throw new UnsupportedModelError('attention of an unknown width', attention.name);
  return Number(queryHeads.value) * size;
}

/** Dummy rows behind the context's end have positions, too: angles of zeros are appended where there are none. */
function extendRotaryTables(graph: OnnxGraph, attentions: Iterable<OnnxNode>, contextLength: number): void {
  const extended = new Map<string, string>();
  const extend = (name: string): string => {
    const table = graph.initializers.get(name);
    const [rows = 0, width] = table?.dims ?? [];
    if (!table || width === undefined)
      throw new UnsupportedModelError('rotary tables that are computed at every step', name);
    const missing = contextLength + mostDummyRows - rows;
    if (missing <= 0) return name;
    const added = `${name}/of-dummies`;
    const bytes = new Uint8Array((missing * width * elementBits(table.type)) / 8);
    const data = { kind: 'inline', bytes } as const;
    graph.initializers.set(added, { name: added, type: table.type, dims: [missing, width], data });
    graph.nodes.push(makeNode('Concat', [name, added], `${name}/with-dummies`, { axis: 0 }));
    return `${name}/with-dummies`;
  };
  for (const node of attentions) {
    for (const place of [attentionInput.cosines, attentionInput.sines]) {
      const name = node.inputs[place];
      if (!name) continue;
      const table = extended.get(name) ?? extend(name);
      extended.set(name, table);
      node.inputs[place] = table;
    }
  }
}

/** @throws {UnsupportedModelError} if rows or sessions still depend on each other */
export function checkLeft(graph: OnnxGraph, { inputs, caches }: BatchDescription): void {
  const given = new Set(graph.inputs.map(({ name }) => name));
  const gone = new Set([
    ...caches.flatMap(({ input, output }) => [input, output]),
    ...inputs.filter(({ role }) => role === 'attention-mask').map(({ name }) => name),
  ]);
  const positions = inputs.find(({ role }) => role === 'position-ids')?.name;
  for (const { opType, name, inputs: read } of graph.nodes) {
    if (!rowByRow.has(opType))
      throw new UnsupportedModelError('an operator that may mix rows', `${opType} ${name}`);
    const missing = namesOf(read).find((value) => gone.has(value) && !given.has(value));
    if (missing !== undefined)
      throw new UnsupportedModelError('a length that each session has for itself', missing);
    if (positions !== undefined && read.includes(positions) && opType !== 'RotaryEmbedding')
      throw new UnsupportedModelError('positions that are used for more than angles', name);
  }
  // Nothing is made twice or by nobody.
  indexGraph(graph);
}

/**
 * Lets a stage whose attention is made of plain operators run steps of several sessions in one run, as `batchSteps` does for
 * GroupQueryAttention: what treats rows one by one (`partRows`) sees the rows of all members, and each slot has a copy of all
 * that depends on one session, made of its own rows, mask and caches.
 */
import type { StageCache } from '@potluck/protocol';
import { UnsupportedModelError } from '../errors.ts';
import { namesOf } from '../graph/graphIndex.ts';
import { makeNode } from '../graph/nodes.ts';
import { int64Tensor } from '../graph/simplifyGraph.ts';
import type { OnnxGraph, OnnxNode, OnnxValue } from '../model.ts';
import { readModel } from '../protobuf/readModel.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import {
  chooseLogitRows,
  logitRowsInput,
  nameGroups,
  orderInput,
  replaceInputs,
  replaceOutputs,
  rowsShape,
  sequence,
  type BatchDescription,
  type BatchedStage,
  type BatchGroup,
  type BatchSlot,
} from './batchGroups.ts';
import { checkRows } from './checkRows.ts';
import { foldLengths } from './foldLengths.ts';
import { giveNewRows, ifActive, inRunOrder, joinParts, type GroupNodes } from './groupNodes.ts';
import { partRows, type PartedStage } from './partRows.ts';
import { stageFiles, stageGraphName } from './stageFiles.ts';

/**
 * @param stageGraph as `buildStage` made it
 * @param groupSizes slots of each group, the first of which always runs
 * @throws {UnsupportedModelError} where sessions can't share a run
 */
export async function batchPlain(
  stageGraph: Uint8Array,
  description: BatchDescription,
  groupSizes: readonly number[],
): Promise<BatchedStage> {
  for (const cache of description.caches) checkCache(cache);
  checkRows(description);
  const model = await readModel(stageFiles(stageGraph, description), stageGraphName);
  const { graph } = model;
  foldLengths(graph);
  const hasMask = description.inputs.some(({ role }) => role === 'attention-mask');
  const groups = nameGroups(groupSizes, description.caches, { lengths: false, mask: hasMask });
  const parted = partRows(graph, description);
  const newRowsOf = new Map(groups.map((group) => [group, new Map<number, string>()]));
  graph.nodes = [...parted.constants];
  for (let level = 0; level < parted.levels.length; level++) {
    const region = regionOf(level, parted, description);
    graph.nodes.push(...rowNodes(level, parted));
    if (region.nodes.length === 0) continue;
    const joined = groups.map((group) => {
      const part = computeGroup(region, group, parted, description);
      graph.nodes.push(...(group.active === undefined ? part.nodes : [ifActive(part, group.active)]));
      for (const [cache, name] of part.newRows) newRowsOf.get(group)?.set(cache, name);
      return part.gated;
    });
    for (const value of region.gated) {
      const parts = joined.map((names) => names.get(value) ?? '');
      graph.nodes.push(...inRunOrder(value, parts, inOrder(value)));
    }
  }
  graph.nodes.push(...parted.head);
  graph.nodes.push(...giveNewRows(groups, (group, cache) => newRowsOf.get(group)?.get(cache)));
  const { logits } = description;
  if (logits) chooseLogitRows(graph, logits.name);
  for (const tensor of [start, alongSequence]) graph.initializers.set(tensor.name, tensor);
  replaceInputs(graph, description, groups);
  replaceOutputs(graph, description, groups);
  removeUnread(graph);
  return { graph: writeModel(model), groups, order: orderInput, logitRows: logits && logitRowsInput };
}

const start = int64Tensor('potluck/batch/start', [0n]);
const alongSequence = int64Tensor('potluck/batch/along-sequence', [BigInt(sequence)]);

/** What a gate reads in the place of a session's value: the rows of all members. */
const inOrder = (value: string): string => `${value}/in-order`;

/** @throws {UnsupportedModelError} for a cache that is not [1, heads, past, size] of plain operators */
function checkCache({ kind, dims, sequenceAxis, capacityPadded, input }: StageCache): void {
  const isPlain = kind === 'attention' && !capacityPadded;
  if (!isPlain || sequenceAxis !== sequence || dims.length !== 4 || dims[0] !== 1)
    throw new UnsupportedModelError('a cache that sessions can not have side by side', input);
}

/** The row nodes of a level, with gates that read rows. */
function rowNodes(level: number, { levels, gates }: PartedStage): OnnxNode[] {
  return (levels[level]?.rows ?? []).map((node) =>
    gates.has(node) ? { ...node, inputs: [inOrder(node.inputs[0] ?? ''), ...node.inputs.slice(1)] } : node,
  );
}

/** The session nodes of a level, and what of their values is read elsewhere. */
interface Region {
  level: number;
  nodes: readonly OnnxNode[];
  /** Read by gates, as rows. */
  gated: readonly string[];
  /** Read by session nodes of later levels. */
  crossing: readonly string[];
  /** Indices of the caches whose present is made here. */
  presents: readonly number[];
}

function regionOf(level: number, parted: PartedStage, { caches }: BatchDescription): Region {
  const nodes = parted.levels[level]?.session ?? [];
  const made = new Set(nodes.flatMap(({ outputs }) => namesOf(outputs)));
  const gated = new Set([...parted.gates].flatMap(({ inputs }) => inputs.filter((name) => made.has(name))));
  const later = parted.levels.slice(level + 1).flatMap(({ session }) => session);
  const crossing = new Set(later.flatMap(({ inputs }) => inputs.filter((name) => made.has(name))));
  const presents = [...caches.keys()].filter((cache) => made.has(caches[cache]?.output ?? ''));
  return { level, nodes, gated: [...gated], crossing: [...crossing], presents };
}

interface ComputedGroup extends GroupNodes {
  /** For each gated value, [1, attended rows of all slots, …]. */
  gated: Map<string, string>;
  /** For each cache, [1, heads, new rows of all slots, size]. */
  newRows: Map<number, string>;
}

/** A region's nodes once for each slot of a group. */
function computeGroup(
  region: Region,
  { slots, newRows }: BatchGroup,
  parted: PartedStage,
  description: BatchDescription,
): ComputedGroup {
  const { caches } = description;
  const computed: ComputedGroup = { nodes: [], gated: new Map(), newRows: new Map(), leaving: new Map() };
  const { nodes, leaving } = computed;
  const groupName = `${newRows[0]?.name ?? ''}/level${region.level}`;
  const inSlots = slots.map((slot) => new SlotCopy(slot, region, parted, description));
  for (const slot of inSlots) nodes.push(...slot.nodes);
  const join = (value: string, parts: string[], axis: number): string =>
    joinParts(nodes, parts, `${groupName}/${value}`, axis);
  const shapeOf = (value: string): Omit<OnnxValue, 'name'> => {
    const shape = parted.shapeOf(value);
    if (!shape) throw new UnsupportedModelError('a value of unknown shape', value);
    return { type: shape.type, dims: rowsShape(shape) };
  };
  for (const value of region.gated) {
    const parts = inSlots.map((slot) => slot.nameOf(value));
    const name = join(value, parts, 1);
    computed.gated.set(value, name);
    leaving.set(name, shapeOf(value));
  }
  for (const index of region.presents) {
    const cache = caches[index];
    if (!cache) continue;
    const parts = inSlots.map((slot) => slot.newRows(cache.output));
    parts.forEach(({ node }) => nodes.push(node));
    const name = join(
      cache.output,
      parts.map(({ name }) => name),
      sequence,
    );
    computed.newRows.set(index, name);
    leaving.set(name, { type: cache.type, dims: rowsShape(cache) });
  }
  for (const value of region.crossing) {
    for (const slot of inSlots) leaving.set(slot.nameOf(value), shapeOf(value));
  }
  return computed;
}

/** A region's nodes as one slot has them. */
class SlotCopy {
  readonly nodes: OnnxNode[] = [];
  readonly #slot: BatchSlot;
  readonly #level: number;
  readonly #parted: PartedStage;
  /** Inputs of the stage that each slot has for itself. */
  readonly #own: Map<string, () => string>;
  /** What was taken of them, and of rows. */
  readonly #taken = new Map<string, string>();

  constructor(slot: BatchSlot, region: Region, parted: PartedStage, { caches, inputs }: BatchDescription) {
    this.#slot = slot;
    this.#level = region.level;
    this.#parted = parted;
    this.#own = new Map([
      ...caches.map(
        ({ input }, index) => [input, () => this.#counting(input, slot.pasts[index] ?? '')] as const,
      ),
      ...inputs
        .filter(({ role }) => role === 'attention-mask')
        .map(({ name }) => [name, () => slot.mask ?? ''] as const),
    ]);
    for (const node of region.nodes) {
      this.nodes.push({
        ...node,
        name: this.nameOf(node.name),
        inputs: node.inputs.map((name) => this.#read(name)),
        outputs: node.outputs.map((name) => name && this.nameOf(name)),
      });
    }
  }

  nameOf(value: string): string {
    return `${this.#slot.rows}/${value}`;
  }

  /** What a step adds to a cache. */
  newRows(present: string): { name: string; node: OnnxNode } {
    const name = `${this.nameOf(present)}/new`;
    const { from, to } = this.#slot;
    return { name, node: makeNode('Slice', [this.nameOf(present), from, to, alongSequence.name], name) };
  }

  #read(value: string): string {
    if (value === '') return value;
    const own = this.#own.get(value);
    if (own) return own();
    const kind = this.#parted.kindOf.get(value);
    if (kind === 'session') return this.nameOf(value);
    if (kind !== 'rows') return value;
    return this.#take(value, (name) => makeNode('Gather', [value, this.#slot.rows], name, { axis: 1 }));
  }

  /** The rows of a past that count. */
  #counting(cache: string, past: string): string {
    const bounds = [start.name, this.#slot.from, alongSequence.name];
    return this.#take(cache, (name) => makeNode('Slice', [past, ...bounds], name));
  }

  #take(value: string, make: (name: string) => OnnxNode): string {
    const known = this.#taken.get(value);
    if (known !== undefined) return known;
    const name = `${this.nameOf(value)}/at${this.#level}`;
    this.nodes.push(make(name));
    this.#taken.set(value, name);
    return name;
  }
}

/** Drops the initializers that no node reads, in no branch either. */
function removeUnread(graph: OnnxGraph): void {
  const read = new Set(readBy(graph.nodes));
  for (const name of graph.initializers.keys()) if (!read.has(name)) graph.initializers.delete(name);
}

function readBy(nodes: readonly OnnxNode[]): string[] {
  return nodes.flatMap(({ inputs, attributes }) => [
    ...inputs,
    ...[...attributes.values()].flatMap((attribute) =>
      attribute.type === 'graph' ? readBy(attribute.value.nodes) : [],
    ),
  ]);
}

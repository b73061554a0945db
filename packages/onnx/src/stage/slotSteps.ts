/**
 * Lets a stage on a GPU run steps of several sessions, its members, in one run: everything that treats rows one by one
 * (matmuls, norms) sees the rows of all members as one sequence, and attention has one batch entry for each, whose caches are
 * slots of one tensor. A GPU pays for each kernel that it is told to start: their number does not depend on that of the members.
 *
 * Which rows belong to whom is said by inputs at run time, so that one graph, with one copy of the weights, serves any
 * company, and a prompt: what is fed as `attended` goes into the attention, in the `shape` that is fed, and `order` puts what
 * comes out back in its place. ONNX Runtime refuses several members with several rows each over a past.
 */
import type { StageDescription } from '@potluck/protocol';
import { makeNode } from '../graph/nodes.ts';
import { int64Tensor, removeUnused } from '../graph/simplifyGraph.ts';
import type { OnnxGraph, OnnxNode, OnnxValue } from '../model.ts';
import { readModel } from '../protobuf/readModel.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import { chooseLogitRows, logitRowsInput, type BatchDescription } from './batchGroups.ts';
import { attentionInput, checkLeft, findAttentions, widthOf } from './batchSteps.ts';
import { checkRows } from './checkRows.ts';
import { withLogitRows } from './lastPositions.ts';
import { stageFiles, stageGraphName } from './stageFiles.ts';

/**
 * A stage's graph for several members. Boundary tensors are [1, rows, …], logits [1, logit rows, vocabulary]; caches keep
 * their names and are [members, heads, capacity, size], the same buffer as past and as present.
 */
export interface SlottedStage {
  graph: Uint8Array<ArrayBuffer>;
  /** int32 [members * step]: rows of the run that attention takes, member by member. */
  attended: string;
  /** int64 [3]: members, the step's length, -1. */
  shape: string;
  /** int32 [rows]: where each row's attention stands among the attended rows. */
  order: string;
  /** int32 [members]: tokens before and in this step, less one. */
  lastPlaces: string;
  /** int32 [1]: the most tokens before and in this step that a member has. */
  total: string;
  /** int64 [logit rows], last stage only. */
  logitRows: string | undefined;
}

const names = {
  attended: 'potluck/slots/attended',
  shape: 'potluck/slots/shape',
  order: 'potluck/slots/order',
  lastPlaces: 'potluck/slots/last-places',
  total: 'potluck/slots/total',
} as const;

/**
 * @param stageGraph as `buildStage` made it
 * @throws {UnsupportedModelError} where sessions can't share a run: a cache that is not GroupQueryAttention's alone, or
 *   anything else that depends on a session's length
 */
export async function slotSteps(
  stageGraph: Uint8Array,
  description: BatchDescription,
): Promise<SlottedStage> {
  const model = await readModel(stageFiles(stageGraph, description), stageGraphName);
  const { graph } = model;
  const attentions = findAttentions(graph, description.caches);
  checkRows(description);
  graph.nodes = graph.nodes.flatMap((node) => {
    const pair = attentions.get(node);
    if (!pair) return [node];
    const width = widthOf(node, description.caches[pair.value]);
    const asRows = int64Tensor(`potluck/slots/as-rows-of-${width}`, [1n, -1n, BigInt(width)]);
    graph.initializers.set(asRows.name, asRows);
    return attendSlots(node, asRows.name);
  });
  const { logits } = description;
  if (logits) chooseLogitRows(graph, logits.name);
  replaceInputs(graph, description);
  replaceOutputs(graph, description);
  removeUnused(graph);
  checkLeft(graph, description);
  return { graph: writeModel(model), ...names, logitRows: logits && logitRowsInput };
}

/** The attention node over all members, with what brings rows to it and back. */
function attendSlots(attention: OnnxNode, asRows: string): OnnxNode[] {
  const [result = '', ...presents] = attention.outputs;
  const nodes: OnnxNode[] = [];
  const inputs = [...attention.inputs];
  for (const place of [0, attentionInput.key, attentionInput.value]) {
    const rows = inputs[place];
    if (!rows) continue;
    const name = `${result}/slots/input${place}`;
    nodes.push(makeNode('Gather', [rows, names.attended], `${name}/rows`, { axis: 1 }));
    nodes.push(makeNode('Reshape', [`${name}/rows`, names.shape], name));
    inputs[place] = name;
  }
  inputs[attentionInput.lastPlace] = names.lastPlaces;
  inputs[attentionInput.total] = names.total;
  const attended = `${result}/slots/attended`;
  nodes.push({ ...attention, inputs, outputs: [attended, ...presents] });
  nodes.push(makeNode('Reshape', [attended, asRows], `${attended}/rows`));
  nodes.push(makeNode('Gather', [`${attended}/rows`, names.order], result, { axis: 1 }));
  return nodes;
}

function replaceInputs(graph: OnnxGraph, { caches, inputs, logits }: BatchDescription): void {
  const pasts = new Set(caches.map(({ input }) => input));
  const mask = inputs.find(({ role }) => role === 'attention-mask')?.name;
  graph.inputs = graph.inputs
    .filter(({ name }) => name !== mask)
    .map((value) => (pasts.has(value.name) ? ofMembers(value) : value));
  graph.inputs.push(
    { name: names.attended, type: 'int32', dims: ['attended'] },
    { name: names.shape, type: 'int64', dims: [3] },
    { name: names.order, type: 'int32', dims: ['rows'] },
    { name: names.lastPlaces, type: 'int32', dims: ['members'] },
    { name: names.total, type: 'int32', dims: [1] },
  );
  if (logits) graph.inputs.push({ name: logitRowsInput, type: 'int64', dims: ['logit_rows'] });
}

function replaceOutputs(
  graph: OnnxGraph,
  { caches, logits }: Pick<StageDescription, 'caches' | 'logits'>,
): void {
  const presents = new Set(caches.map(({ output }) => output));
  graph.outputs = withLogitRows(graph.outputs, logits?.name).map((value) =>
    presents.has(value.name) ? ofMembers(value) : value,
  );
}

function ofMembers(value: OnnxValue): OnnxValue {
  return { ...value, dims: ['members', ...value.dims.slice(1)] };
}

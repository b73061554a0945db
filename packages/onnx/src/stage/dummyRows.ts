/**
 * Lets a stage whose attention is made of plain operators run with dummy rows behind a step's real ones.
 *
 * Kernels round one row otherwise than several. A lone token that runs beside a copy of itself therefore has the bits that it
 * has in any longer step, and the real rows see nothing of what stands behind them, as they see nothing of later tokens. What a
 * dummy row leaves is cut off in the graph: caches come back as the rows of the real tokens alone, and the logits are those of
 * the rows that are asked for.
 */
import type { StageCache, StageDescription } from '@potluck/protocol';
import { UnsupportedModelError } from '../errors.ts';
import { makeNode } from '../graph/nodes.ts';
import { int64Tensor, removeUnused } from '../graph/simplifyGraph.ts';
import type { OnnxGraph, OnnxNode } from '../model.ts';
import { readModel } from '../protobuf/readModel.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import { checkRows } from './checkRows.ts';
import { areOfInt64, findLastPositions, withLogitRows } from './lastPositions.ts';
import { stageFiles, stageGraphName } from './stageFiles.ts';

/**
 * The stage's inputs are those of the stage as it was, for real and dummy rows together. A cache may be fed with any rows behind
 * those before the step, and comes back as the step's real rows; logits are [1, logit rows, vocabulary].
 */
export interface DummyRowsStage {
  graph: Uint8Array<ArrayBuffer>;
  /** int64 [1] each: tokens in the caches before the step, and after its real rows. */
  pastInput: string;
  endInput: string;
  /** int64 [1] each, last stage only: the rows [from, to) of the step that get logits. */
  logitRows: { fromInput: string; toInput: string } | undefined;
}

/** What is used of a stage's description. */
export type DummyRowsDescription = Pick<
  StageDescription,
  'caches' | 'boundaryIn' | 'boundaryOut' | 'logits' | 'weights'
>;

const pastInput = 'potluck/dummy-rows/past';
const endInput = 'potluck/dummy-rows/end';
const fromInput = 'potluck/dummy-rows/logits-from';
const toInput = 'potluck/dummy-rows/logits-to';

/** Operators in which a row's numbers depend on how many others there are, or on what these are. */
const mixing = new Set([
  ...['MoE', 'QMoE'],
  ...['DynamicQuantizeLinear', 'DynamicQuantizeMatMul', 'DynamicQuantizeLSTM', 'MatMulIntegerToFloat'],
]);

/**
 * @param stageGraph as `buildStage` made it
 * @throws {UnsupportedModelError} where a cache is not attention of plain operators, or a dummy row could be seen in another row
 */
export async function dummyRows(
  stageGraph: Uint8Array,
  description: DummyRowsDescription,
): Promise<DummyRowsStage> {
  for (const { kind, capacityPadded, sequenceAxis, input } of description.caches) {
    if (kind !== 'attention' || capacityPadded || sequenceAxis === undefined)
      throw new UnsupportedModelError('a cache that is not made by plain operators', input);
  }
  checkRows(description);
  const model = await readModel(stageFiles(stageGraph, description), stageGraphName);
  const { graph } = model;
  for (const { opType, name } of graph.nodes) {
    if (mixing.has(opType))
      throw new UnsupportedModelError('an operator that mixes rows', `${opType} ${name}`);
  }
  cutCaches(graph, description.caches);
  if (description.logits) chooseLogitRows(graph, description.logits.name);
  removeUnused(graph);
  return {
    graph: writeModel(model),
    pastInput,
    endInput,
    logitRows: description.logits && { fromInput, toInput },
  };
}

/** Puts a Slice behind each past, of what counts of it, and before each present, of what the step adds. */
function cutCaches(graph: OnnxGraph, caches: readonly StageCache[]): void {
  const pasts = new Map(caches.map(({ input }) => [input, `${input}/counting`]));
  const presents = new Map(caches.map(({ output }) => [output, `${output}/whole`]));
  for (const node of graph.nodes) {
    node.inputs = node.inputs.map((name) => pasts.get(name) ?? presents.get(name) ?? name);
    node.outputs = node.outputs.map((name) => presents.get(name) ?? name);
  }
  const start = int64Tensor('potluck/dummy-rows/start', [0n]);
  graph.initializers.set(start.name, start);
  const before: OnnxNode[] = [];
  const behind: OnnxNode[] = [];
  for (const { input, output, sequenceAxis } of caches) {
    const axis = int64Tensor(`potluck/dummy-rows/along-${sequenceAxis}`, [BigInt(sequenceAxis ?? 0)]);
    graph.initializers.set(axis.name, axis);
    before.push(makeNode('Slice', [input, start.name, pastInput, axis.name], `${input}/counting`));
    behind.push(makeNode('Slice', [`${output}/whole`, pastInput, endInput, axis.name], output));
  }
  graph.nodes = [...before, ...graph.nodes, ...behind];
  // With symbols of their own: ONNX Runtime reuses buffers of values whose symbols are equal.
  const renamed = (symbols: Readonly<Record<string, string>>, names: ReadonlyMap<string, string>) => {
    return (value: OnnxGraph['inputs'][number]): OnnxGraph['inputs'][number] =>
      names.has(value.name)
        ? { ...value, dims: value.dims.map((length) => symbols[String(length)] ?? length) }
        : value;
  };
  graph.inputs = [
    ...graph.inputs.map(renamed({ past: 'room' }, pasts)),
    { name: pastInput, type: 'int64', dims: [1] },
    { name: endInput, type: 'int64', dims: [1] },
  ];
  graph.outputs = graph.outputs.map(renamed({ total: 'added' }, presents));
}

/** The rows that get logits become a choice, where they were the last one. */
function chooseLogitRows(graph: OnnxGraph, logits: string): void {
  const choosers = findLastPositions(graph, logits);
  if (choosers.length === 0 || !areOfInt64(choosers, graph))
    throw new UnsupportedModelError('logits of a row that is not chosen', logits);
  for (const { inputs } of choosers) [inputs[1], inputs[2]] = [fromInput, toInput];
  graph.inputs.push(
    { name: fromInput, type: 'int64', dims: [1] },
    { name: toInput, type: 'int64', dims: [1] },
  );
  graph.outputs = withLogitRows(graph.outputs, logits);
}

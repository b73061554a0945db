/**
 * Parts a stage whose attention is made of plain operators into what treats rows one by one, whoever they belong to, and what
 * belongs to one session: its mask, its lengths, its caches, and everything that is laid out by them.
 */
import { UnsupportedModelError } from '../errors.ts';
import { indexGraph, namesOf } from '../graph/graphIndex.ts';
import { intAttribute } from '../graph/nodes.ts';
import { shapeLookup, type KnownShape, type ShapeOf } from '../graph/valueShapes.ts';
import type { OnnxGraph, OnnxNode } from '../model.ts';
import { rowByRow, type BatchDescription } from './batchGroups.ts';
import { stageSymbols } from './foldLengths.ts';
import { findLastPositions } from './lastPositions.ts';

/** Nodes between two crossings from sessions back to rows, each list in an order in which they can run. */
export interface PartedLevel {
  /** Compute [1, rows, …] of all members at once, before the session nodes of the same level. */
  rows: OnnxNode[];
  /** Compute what one session has. */
  session: OnnxNode[];
}

export interface PartedStage {
  /** Compute what no step changes. */
  constants: OnnxNode[];
  levels: PartedLevel[];
  /** Compute the rows that get logits. */
  head: OnnxNode[];
  /** Of the row nodes those that read a session's value of [1, step, …] in their first input: matmuls behind attention. */
  gates: ReadonlySet<OnnxNode>;
  /** Of each value that is no constant. */
  kindOf: ReadonlyMap<string, 'rows' | 'session' | 'head'>;
  shapeOf: ShapeOf;
}

type Kind = 'constant' | 'rows' | 'session' | 'head';

const matmuls = new Set(['MatMul', 'MatMulNBits', 'MatMulBnb4', 'FusedMatMul']);

/** Operators with weights that sessions should share a run of. */
const weighing = new Set([...matmuls, 'Gemm', 'Conv', 'MoE', 'QMoE']);

/** A constant of so many elements is a weight: angles' frequencies and the like are smaller. */
const leastWeight = 4096;

/** Operators of `rowByRow` that do not, or need not, keep rows apart. */
const perSession = new Set(['Shape', 'ConstantOfShape', 'Expand', 'GroupQueryAttention']);

/** Not of `rowByRow`, since GroupQueryAttention makes angles by itself. */
const angles = new Set(['Cos', 'Sin']);

/** @throws {UnsupportedModelError} where a matmul or what leaves the stage can't be computed for rows of several sessions at once */
export function partRows(graph: OnnxGraph, description: BatchDescription): PartedStage {
  const index = indexGraph(graph);
  const shapeOf = shapeLookup(graph, index, stageSymbols);
  const choosers = new Set(description.logits ? findLastPositions(graph, description.logits.name) : []);
  const kinds = inputKinds(description);
  const levelOf = new Map<string, number>();
  const parted: Pick<PartedStage, 'constants' | 'levels' | 'head'> = { constants: [], levels: [], head: [] };
  const gates = new Set<OnnxNode>();
  const kindOf = (value: string): Kind => kinds.get(value) ?? 'constant';
  const levelAt = (level: number): PartedLevel => (parted.levels[level] ??= { rows: [], session: [] });
  for (const node of index.order) {
    const inputs = namesOf(node.inputs);
    const kind = choosers.has(node) ? 'head' : kindOfNode(node, kindOf, shapeOf);
    if (choosers.has(node) && kindOf(inputs[0] ?? '') !== 'rows')
      throw new UnsupportedModelError('logits of what one session has', node.name);
    const isGate = kind === 'rows' && inputs.some((input) => kindOf(input) === 'session');
    const level = Math.max(0, ...inputs.map((input) => levelOf.get(input) ?? 0)) + Number(isGate);
    if (isGate) gates.add(node);
    if (kind === 'constant') parted.constants.push(node);
    else if (kind === 'head') parted.head.push(node);
    else levelAt(level)[kind].push(node);
    for (const output of namesOf(node.outputs)) {
      if (kind === 'constant') continue;
      kinds.set(output, kind);
      levelOf.set(output, level);
    }
  }
  checkLeaving(description, kindOf);
  return { ...parted, gates, kindOf: kinds, shapeOf };
}

function inputKinds({
  inputs,
  boundaryIn,
  caches,
}: BatchDescription): Map<string, Exclude<Kind, 'constant'>> {
  return new Map([
    ...inputs.map(({ name, role }) => [name, role === 'attention-mask' ? 'session' : 'rows'] as const),
    ...boundaryIn.map(({ name }) => [name, 'rows'] as const),
    ...caches.map(({ input }) => [input, 'session'] as const),
  ]);
}

function kindOfNode(node: OnnxNode, kindOf: (value: string) => Kind, shapeOf: ShapeOf): Kind {
  const inputs = namesOf(node.inputs);
  const kinds = new Set(inputs.map(kindOf));
  if (kinds.has('head')) {
    if (kinds.has('session') || kinds.has('rows') || !rowByRow.has(node.opType))
      throw new UnsupportedModelError('logits that are computed from more than their rows', node.name);
    return 'head';
  }
  if (isGateway(node, kindOf, shapeOf)) return 'rows';
  if (kinds.has('session')) {
    refuseWeights(node, kindOf, shapeOf);
    return 'session';
  }
  if (!kinds.has('rows')) return 'constant';
  if (keepsRows(node, kindOf, shapeOf)) return 'rows';
  refuseWeights(node, kindOf, shapeOf);
  return 'session';
}

/** Whether a matmul with weights reads what one session has, laid out as rows. */
function isGateway(node: OnnxNode, kindOf: (value: string) => Kind, shapeOf: ShapeOf): boolean {
  const [data = '', ...weights] = node.inputs;
  if (!matmuls.has(node.opType) || intAttribute(node, 'transA', 0) !== 0 || kindOf(data) !== 'session')
    return false;
  return namesOf(weights).every((name) => kindOf(name) === 'constant') && areRows(shapeOf(data));
}

function keepsRows(node: OnnxNode, kindOf: (value: string) => Kind, shapeOf: ShapeOf): boolean {
  const { opType, inputs, outputs } = node;
  if (perSession.has(opType) || !(rowByRow.has(opType) || angles.has(opType))) return false;
  // Norms over all but the batch, or over the rows, would mix them.
  if (opType.includes('Normalization') && [0, 1].includes(intAttribute(node, 'axis', -1))) return false;
  if (intAttribute(node, 'transA', 0) !== 0) return false;
  const rows = [
    ...namesOf(inputs).filter((name) => kindOf(name) === 'rows'),
    ...namesOf(outputs.slice(0, 1)),
  ];
  return rows.every((name) => areRows(shapeOf(name)));
}

/** Whether a value is [1, step, …]. */
function areRows(shape: KnownShape | undefined): boolean {
  const [batch, rows, ...rest] = shape?.dims ?? [];
  return batch === 1 && rows === 'step' && rest.every((length) => typeof length === 'number');
}

/** @throws {UnsupportedModelError} for a node with weights that each session would run by itself */
function refuseWeights(node: OnnxNode, kindOf: (value: string) => Kind, shapeOf: ShapeOf): void {
  if (!weighing.has(node.opType)) return;
  const isWeight = (name: string): boolean => {
    const dims = kindOf(name) === 'constant' ? shapeOf(name)?.dims : [];
    const elements = dims?.reduce<number>((product, length) => product * Number(length), 1) ?? Infinity;
    return elements >= leastWeight;
  };
  if (namesOf(node.inputs).some(isWeight))
    throw new UnsupportedModelError('weights that rows of several sessions can not share', node.name);
}

function checkLeaving(
  { boundaryOut, caches, logits }: BatchDescription,
  kindOf: (value: string) => Kind,
): void {
  const expected = [
    ...boundaryOut.map(({ name }) => [name, 'rows'] as const),
    ...caches.map(({ output }) => [output, 'session'] as const),
    ...(logits ? [[logits.name, 'head'] as const] : []),
  ];
  const wrong = expected.find(([name, kind]) => kindOf(name) !== kind);
  if (wrong) throw new UnsupportedModelError('a result that is not one row a token', wrong[0]);
}

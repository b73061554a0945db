/** What the graphs of stages that run several sessions at once have in common: slots, their groups, inputs and outputs. */
import type { StageCache, StageDescription } from '@potluck/protocol';
import { UnsupportedModelError } from '../errors.ts';
import { makeNode } from '../graph/nodes.ts';
import type { OnnxGraph, OnnxValue } from '../model.ts';
import { findLastPositions, withLogitRows } from './lastPositions.ts';

/** Names of one slot's inputs. A slot that no member has is fed one row, a cache without rows, and nothing to keep. */
export interface BatchSlot {
  /** int64 [attended rows], at least 1: the rows of the run that its attention takes, in the order of their positions. */
  rows: string;
  /** With GroupQueryAttention. */
  lengths:
    | {
        /** int32 [1]: tokens before and in this step, dummy rows included, less one. */
        lastPlace: string;
        /** int32 [1]: the same number, not less one. */
        total: string;
      }
    | undefined;
  /** The stage's attention mask over the tokens before and in this step, dummy rows included: [1, total]; undefined where it has none. */
  mask: string | undefined;
  /** int64 [1]: the places [from, to) of the new rows to give back. */
  from: string;
  to: string;
  /** The past of each cache, in the order of the description: any length of at least the tokens before the step. */
  pasts: string[];
}

/** Slots that are skipped together. */
export interface BatchGroup {
  /** bool []: whether any of its slots has a member; undefined for the first group, which always runs. */
  active: string | undefined;
  slots: BatchSlot[];
  /**
   * Outputs with the new rows of its members, one after the other. Each [1, caches * heads, new rows, size] holds the caches
   * of one shape, by their indices in the description.
   */
  newRows: { name: string; caches: number[] }[];
}

/** A stage's graph for several members. Boundary tensors are [1, rows, …], logits [1, logit rows, vocabulary]. */
export interface BatchedStage {
  graph: Uint8Array<ArrayBuffer>;
  groups: BatchGroup[];
  /** int64 [rows]: where each row's attention stands among the attended rows of all slots, those of skipped groups left out. */
  order: string;
  /** int64 [logit rows], last stage only. */
  logitRows: string | undefined;
}

/** What is used of a stage's description. */
export type BatchDescription = Pick<
  StageDescription,
  'caches' | 'inputs' | 'boundaryIn' | 'boundaryOut' | 'logits' | 'contextLength' | 'weights'
>;

/** Axes of a cache. */
export const heads = 1;
export const sequence = 2;

export const orderInput = 'potluck/batch/order';
export const logitRowsInput = 'potluck/batch/logit-rows';

/** @param has which inputs the slots need besides rows, bounds and pasts */
export function nameGroups(
  sizes: readonly number[],
  caches: readonly StageCache[],
  has: { lengths: boolean; mask: boolean },
): BatchGroup[] {
  const shapes = Map.groupBy(caches.keys(), (index) =>
    JSON.stringify([caches[index]?.type, caches[index]?.dims]),
  );
  let slots = 0;
  return sizes.map((size, group) => ({
    active: group === 0 ? undefined : `potluck/batch/group${group}`,
    slots: Array.from({ length: size }, () => {
      const prefix = `potluck/batch/slot${slots++}`;
      return {
        rows: `${prefix}/rows`,
        lengths: has.lengths ? { lastPlace: `${prefix}/last-place`, total: `${prefix}/total` } : undefined,
        mask: has.mask ? `${prefix}/mask` : undefined,
        from: `${prefix}/from`,
        to: `${prefix}/to`,
        pasts: caches.map(({ input }) => `${prefix}/${input}`),
      };
    }),
    newRows: [...shapes.values()].map((indices, shape) => ({
      name: `potluck/batch/group${group}/new-rows${shape}`,
      caches: indices,
    })),
  }));
}

/** @returns the lengths that are known before a step */
export function rowsShape(shape: Pick<StageCache, 'dims'> | undefined): OnnxValue['dims'] {
  return (shape?.dims ?? []).map((length) => (typeof length === 'number' ? length : undefined));
}

export function chooseLogitRows(graph: OnnxGraph, logits: string): void {
  const choosers = findLastPositions(graph, logits);
  if (choosers.length === 0) throw new UnsupportedModelError('logits of a row that is not chosen', logits);
  const isChooser = new Set(choosers);
  graph.nodes = graph.nodes.map((node) => {
    if (!isChooser.has(node)) return node;
    const [rows = ''] = node.inputs;
    return {
      ...makeNode('Gather', [rows, logitRowsInput], node.outputs[0] ?? '', { axis: 1 }),
      name: node.name,
    };
  });
}

export function replaceInputs(
  graph: OnnxGraph,
  description: BatchDescription,
  groups: readonly BatchGroup[],
): void {
  const pasts = new Set(description.caches.map(({ input }) => input));
  const mask = description.inputs.find(({ role }) => role === 'attention-mask');
  const kept = graph.inputs.filter(({ name }) => !pasts.has(name) && name !== mask?.name);
  graph.inputs = [...kept, { name: orderInput, type: 'int64', dims: ['rows'] }];
  if (description.logits) graph.inputs.push({ name: logitRowsInput, type: 'int64', dims: ['logit_rows'] });
  for (const [groupIndex, { active, slots }] of groups.entries()) {
    if (active !== undefined) graph.inputs.push({ name: active, type: 'bool', dims: [] });
    for (const [index, slot] of slots.entries()) {
      const own = `${groupIndex}_${index}`;
      graph.inputs.push(
        { name: slot.rows, type: 'int64', dims: [`attended_${own}`] },
        ...Object.values(slot.lengths ?? {}).map((name): OnnxValue => ({ name, type: 'int32', dims: [1] })),
        ...(mask && slot.mask !== undefined
          ? [{ name: slot.mask, type: mask.type, dims: [1, `total_${own}`] }]
          : []),
        { name: slot.from, type: 'int64', dims: [1] },
        { name: slot.to, type: 'int64', dims: [1] },
        // Each with a symbol of its own: ONNX Runtime reuses buffers of values whose symbols are equal.
        ...description.caches.map(({ type, dims }, cache): OnnxValue => ({
          name: slot.pasts[cache] ?? '',
          type,
          dims: dims.map((length) => (length === 'past' ? `past_${own}` : length)),
        })),
      );
    }
  }
}

export function replaceOutputs(
  graph: OnnxGraph,
  description: BatchDescription,
  groups: readonly BatchGroup[],
): void {
  const presents = new Set(description.caches.map(({ output }) => output));
  const kept = graph.outputs.filter(({ name }) => !presents.has(name));
  graph.outputs = withLogitRows(kept, description.logits?.name);
  for (const [index, { newRows }] of groups.entries()) {
    for (const { name, caches } of newRows) {
      const first = description.caches[caches[0] ?? 0];
      const dims = rowsShape(first);
      dims[heads] = caches.length * Number(first?.dims[heads]);
      dims[sequence] = `new_rows_${index}`;
      graph.outputs.push({ name, type: first?.type ?? 'float32', dims });
    }
  }
}

/**
 * Operators that compute each row by itself. Experts (MoE, QMoE) are none: how many rows one of them sees, and so how its
 * kernels round, depends on what the other rows chose.
 */
export const rowByRow = new Set([
  ...['MatMul', 'MatMulNBits', 'MatMulBnb4', 'FusedMatMul'],
  ...[
    'Gather',
    'GatherBlockQuantized',
    'Split',
    'Slice',
    'Concat',
    'Reshape',
    'Transpose',
    'Squeeze',
    'Unsqueeze',
  ],
  ...['Shape', 'Constant', 'ConstantOfShape', 'Expand', 'Cast', 'Identity', 'DequantizeLinear'],
  ...[
    'Add',
    'Sub',
    'Mul',
    'Div',
    'Pow',
    'Sqrt',
    'Reciprocal',
    'Neg',
    'Abs',
    'Exp',
    'Erf',
    'Clip',
    'Min',
    'Max',
    'Where',
  ],
  ...['Sigmoid', 'Tanh', 'Relu', 'Softplus', 'Gelu', 'FastGelu', 'QuickGelu', 'BiasGelu', 'Swish'],
  ...['ReduceMean', 'LayerNormalization', 'RMSNormalization', 'SimplifiedLayerNormalization'],
  ...['SkipLayerNormalization', 'SkipSimplifiedLayerNormalization'],
  ...['RotaryEmbedding', 'GroupQueryAttention'],
]);

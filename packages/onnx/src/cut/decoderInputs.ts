/** Tells a decoder's inputs and outputs apart by what the graph does with them. */
import { UnsupportedModelError } from '../errors.ts';
import type { OnnxGraph, OnnxValue } from '../model.ts';
import type { GraphIndex } from '../graph/graphIndex.ts';
import { int64Tensor } from '../graph/simplifyGraph.ts';
import type { DecoderConfig } from './decoderConfig.ts';

export interface DecoderInputs {
  tokenIds: OnnxValue;
  mask: OnnxValue | undefined;
  positions: OnnxValue | undefined;
  logits: OnnxValue;
  /** What is left: the caches. */
  cacheInputs: OnnxValue[];
  cacheOutputs: OnnxValue[];
}

const integerTypes = new Set(['int64', 'int32', 'uint64', 'uint32', 'bool']);

/** Operators through which an input is still the same ids or positions. */
const carrying = new Set(['Cast', 'Identity', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten']);

/**
 * @throws {UnsupportedModelError} naming an input whose role can't be told
 */
export function findDecoderInputs(
  graph: OnnxGraph,
  index: GraphIndex,
  config: DecoderConfig,
  notes: string[],
): DecoderInputs {
  const logits = findLogits(graph, config);
  bindScalars(graph, index, logits, notes);
  const integers = graph.inputs.filter((input) => integerTypes.has(input.type) && input.dims.length <= 2);
  const tokenIds = findTokenIds(graph, index, integers, logits, config);
  if (tokenIds.dims.length !== 2) {
    throw new UnsupportedModelError('token ids that are not [batch, step]', tokenIds.name);
  }
  if (typeof tokenIds.dims[1] === 'number') {
    throw new UnsupportedModelError('a graph for steps of one fixed length', tokenIds.name);
  }
  let mask: OnnxValue | undefined;
  let positions: OnnxValue | undefined;
  for (const input of integers) {
    if (input === tokenIds) continue;
    const isPerStep = input.dims.length === 2 && input.dims[1] === tokenIds.dims[1];
    if (isPerStep && !positions) positions = input;
    else if (!isPerStep && input.dims.length === 2 && typeof input.dims[1] === 'string' && !mask)
      mask = input;
    else
      throw new UnsupportedModelError('an integer input that is no mask, position or token id', input.name);
  }
  const cacheInputs = graph.inputs.filter((input) => !integers.includes(input));
  const cacheOutputs = graph.outputs.filter((output) => output !== logits);
  return { tokenIds, mask, positions, logits, cacheInputs, cacheOutputs };
}

function findLogits(graph: OnnxGraph, config: DecoderConfig): OnnxValue {
  const candidates = graph.outputs.filter((output) => {
    const last = output.dims.at(-1);
    const isFloat = output.type === 'float32' || output.type === 'float16';
    if (!isFloat || output.dims.length !== 3) return false;
    return config.vocabularySize === undefined || typeof last !== 'number' || last === config.vocabularySize;
  });
  const exact = candidates.filter((output) => output.dims.at(-1) === config.vocabularySize);
  const [logits] = exact.length > 0 ? exact : candidates;
  if (!logits) {
    const size = config.vocabularySize ?? 'vocabulary';
    throw new UnsupportedModelError(`no output of logits [batch, step, ${size}]`, graph.name || 'graph');
  }
  return logits;
}

/**
 * Some exports ask how many positions to give logits for, as a scalar that no cache depends on. We always want one.
 */
function bindScalars(graph: OnnxGraph, index: GraphIndex, logits: OnnxValue, notes: string[]): void {
  graph.inputs = graph.inputs.filter((input) => {
    const isScalar = input.type === 'int64' && (input.dims.length === 0 || input.dims[0] === 1);
    if (!isScalar || input.dims.length > 1) return true;
    const reached = outputsReached(input.name, graph, index);
    if (reached.some((name) => name !== logits.name)) return true;
    graph.initializers.set(input.name, int64Tensor(input.name, [1n], input.dims.length === 0 ? [] : [1]));
    notes.push(`Input ${input.name} is fixed at 1: only the last position gets scores.`);
    return false;
  });
}

function outputsReached(start: string, graph: OnnxGraph, index: GraphIndex): string[] {
  const seen = new Set([start]);
  for (const value of seen) {
    for (const node of index.consumers.get(value) ?? []) for (const output of node.outputs) seen.add(output);
  }
  return graph.outputs.map((output) => output.name).filter((name) => seen.has(name));
}

/** The integers that pick rows of the largest table, or of the one with a row for each word of the vocabulary. */
function findTokenIds(
  graph: OnnxGraph,
  index: GraphIndex,
  integers: OnnxValue[],
  logits: OnnxValue,
  config: DecoderConfig,
): OnnxValue {
  const vocabulary = config.vocabularySize ?? logits.dims.at(-1);
  const found = integers.flatMap((input) => {
    const sizes = tablesRead(input.name, graph, index);
    if (sizes.length === 0) return [];
    const isVocabulary = sizes.some((dims) => dims.some((length) => length === vocabulary));
    const elements = Math.max(...sizes.map((dims) => dims.reduce((product, length) => product * length, 1)));
    return [{ input, isVocabulary, elements }];
  });
  found.sort(
    (left, right) => Number(right.isVocabulary) - Number(left.isVocabulary) || right.elements - left.elements,
  );
  const [best] = found;
  if (!best) {
    throw new UnsupportedModelError(
      'no input of token ids that picks rows of an embedding',
      graph.name || 'graph',
    );
  }
  return best.input;
}

/** Shapes of the weight tables that an input picks rows of. */
function tablesRead(input: string, graph: OnnxGraph, index: GraphIndex): number[][] {
  const tables: number[][] = [];
  const seen = new Set([input]);
  for (const value of seen) {
    for (const node of index.consumers.get(value) ?? []) {
      const picksRows = node.opType === 'Gather' || node.opType === 'GatherBlockQuantized';
      if (picksRows && node.inputs[1] === value) {
        const table = weightBehind(node.inputs[0] ?? '', graph, index);
        if (table) tables.push(table);
      } else if (carrying.has(node.opType) && node.inputs[0] === value) {
        for (const output of node.outputs) seen.add(output);
      }
    }
  }
  return tables;
}

/** Shape of the weight that a value is made of (transposed, reshaped, dequantised), if it is made of one. */
function weightBehind(value: string, graph: OnnxGraph, index: GraphIndex): number[] | undefined {
  let name: string | undefined = value;
  for (let step = 0; name !== undefined && step < 8; step++) {
    const tensor = graph.initializers.get(name);
    if (tensor) return tensor.dims.length >= 2 ? tensor.dims : undefined;
    name = index.producers.get(name)?.inputs[0];
  }
  return undefined;
}

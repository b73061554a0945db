/** Keeps only the last position before the head, so that a prompt does not cost a row of logits for every token. */
import { intAttribute } from '../graph/nodes.ts';
import { int64Tensor } from '../graph/simplifyGraph.ts';
import type { OnnxModel, OnnxNode, OnnxValue } from '../model.ts';
import { ValueLookup, isMicrosoft, isStandard } from './valueLookup.ts';

/** Operators between the head's matmul and the logits that treat every position by itself. */
const elementwise = ['Cast', 'Identity', 'Mul', 'Div', 'Add', 'Sub', 'Tanh', 'Clip'];

/** Operators between the choice of the last position and the head's matmul that treat every position by itself. */
const positionwise = [
  ...elementwise,
  ...['Pow', 'ReduceMean', 'Sqrt', 'Reciprocal', 'RMSNormalization', 'LayerNormalization'],
  ...['SimplifiedLayerNormalization', 'SkipSimplifiedLayerNormalization', 'SkipLayerNormalization'],
];

const sequenceAxis = 1;

/**
 * Puts a Slice of the last position before the matmul that makes the logits, which become [batch, 1, vocabulary].
 * The matmul is found backwards from the output whose last axis is the vocabulary; a model that slices already, or
 * whose end has another shape, is left as it is. Matmul kernels may sum in another order for one row than for many,
 * so a prompt's logits can differ in their last bits from the whole model's last row; decode steps do not.
 * @returns what was done, for people
 */
export function sliceLastPosition(model: OnnxModel): string[] {
  const graph = model.graph;
  const logits = findLogits(graph.outputs);
  if (logits === undefined)
    return ['No output looks like logits of [batch, sequence, vocabulary]; every position stays.'];
  const lookup = new ValueLookup(graph);
  const path = pathFromHead(logits.name, lookup);
  const head = path[0];
  if (head === undefined) {
    return [`${logits.name} is not made by a matmul of the hidden states; every position stays.`];
  }
  const hidden = head.inputs[0] ?? '';
  if (logits.dims[sequenceAxis] === 1 || isSlicedBefore(hidden, lookup)) {
    logits.dims[sequenceAxis] = 1;
    return [];
  }

  const sliced = `${hidden}/last_position`;
  const starts = int64Tensor(`${sliced}/starts`, [-1n]);
  // The largest int64 stands for "to the end", as the specification of Slice says.
  const ends = int64Tensor(`${sliced}/ends`, [2n ** 63n - 1n]);
  const axes = int64Tensor(`${sliced}/axes`, [BigInt(sequenceAxis)]);
  for (const tensor of [starts, ends, axes]) graph.initializers.set(tensor.name, tensor);
  graph.nodes.splice(graph.nodes.indexOf(head), 0, {
    name: sliced,
    opType: 'Slice',
    domain: '',
    inputs: [hidden, starts.name, ends.name, axes.name],
    outputs: [sliced],
    attributes: new Map(),
  });
  head.inputs[0] = sliced;
  // Annotations of what now has one position would contradict the graph.
  const changed = new Set(path.flatMap((node) => node.outputs));
  graph.values = graph.values.filter((value) => !changed.has(value.name));
  logits.dims[sequenceAxis] = 1;
  return ['The head computes the logits of the last position only.'];
}

/** The output called logits, as every exporter does; else the only floating output of three axes. */
function findLogits(outputs: OnnxValue[]): OnnxValue | undefined {
  const ofThreeAxes = outputs.filter((output) => output.type.startsWith('float') && output.dims.length === 3);
  const named = ofThreeAxes.find((output) => output.name === 'logits');
  return named ?? (ofThreeAxes.length === 1 ? ofThreeAxes[0] : undefined);
}

/** The head's matmul and the nodes from it to the logits, in that order; empty where there is no such path. */
function pathFromHead(logits: string, lookup: ValueLookup): OnnxNode[] {
  const path: OnnxNode[] = [];
  let value: string | undefined = logits;
  for (let node = lookup.producerOf(value); node !== undefined; node = lookup.producerOf(value)) {
    // What lies between the head and the logits may be read here alone: others may count on all positions.
    if (value !== logits && lookup.onlyConsumerOf(value) === undefined) return [];
    path.unshift(node);
    const varying: string[] = node.inputs.filter((input) => varies(input, lookup));
    // Only one operand may depend on the hidden states: the others are weights, scales, biases or limits.
    if (varying.length !== 1) return [];
    if (isHead(node)) return varying[0] === node.inputs[0] ? path : [];
    if (!isStandard(node, ...elementwise)) return [];
    value = varying[0];
  }
  return [];
}

function isHead(node: OnnxNode): boolean {
  return (
    isStandard(node, 'MatMul') || isMicrosoft(node, 'MatMulNBits', 'MatMulBnb4', 'DynamicQuantizeMatMul')
  );
}

/** True where a value depends on a graph input; false for constants, also computed ones (a transposed tied weight). */
function varies(value: string, lookup: ValueLookup): boolean {
  const seen = new Set<string>(['']);
  const waiting = [value];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const node = lookup.producerOf(name);
    if (node !== undefined) waiting.push(...node.inputs);
    else if (lookup.constantOf(name) === undefined) return true;
  }
  return false;
}

/** True where the last position was chosen before, with at most norms and residual sums in between. */
function isSlicedBefore(hidden: string, lookup: ValueLookup): boolean {
  const seen = new Set<string>();
  const waiting = [hidden];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const node = lookup.producerOf(name);
    if (node === undefined) continue;
    if (choosesLastPosition(node, lookup)) return true;
    if (positionwise.includes(node.opType)) waiting.push(...node.inputs);
  }
  return false;
}

function choosesLastPosition(node: OnnxNode, lookup: ValueLookup): boolean {
  if (isStandard(node, 'Gather')) {
    return intAttribute(node, 'axis', 0) === sequenceAxis && onlyInteger(node.inputs[1], lookup) === -1n;
  }
  if (!isStandard(node, 'Slice')) return false;
  return (
    onlyInteger(node.inputs[1], lookup) === -1n &&
    onlyInteger(node.inputs[3], lookup) === BigInt(sequenceAxis)
  );
}

/** The value of an int64 constant of one element. */
function onlyInteger(value: string | undefined, lookup: ValueLookup): bigint | undefined {
  const tensor = lookup.constantOf(value);
  if (tensor?.type !== 'int64' || tensor.data.kind !== 'inline' || tensor.data.bytes.length !== 8)
    return undefined;
  const bytes = tensor.data.bytes;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigInt64(0, true);
}

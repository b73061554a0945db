/**
 * Lets a stage return only the rows that a step added to its caches.
 *
 * onnxruntime-node copies every output into a fresh buffer. A cache that comes back whole costs its whole length at
 * every step; its new rows cost next to nothing, and the caller writes them into the buffer that it feeds as past.
 */
import type { StageCache, StageDescription } from '@potluck/protocol';
import { UnsupportedModelError } from '../errors.ts';
import { makeNode } from '../graph/nodes.ts';
import { int64Tensor } from '../graph/simplifyGraph.ts';
import type { OnnxNode, OnnxTensor } from '../model.ts';
import { messageFields } from '../protobuf/messageFields.ts';
import { WireWriter } from '../protobuf/wireWriter.ts';
import { writeNode, writeTensor, writeValue } from '../protobuf/writeModel.ts';

export interface NewRowsStage {
  graph: Uint8Array<ArrayBuffer>;
  /** Name of the added input, int64 [1]: tokens in the caches before the step. */
  pastLengthInput: string;
}

/** What is used of a stage's description. */
export type NewRowsDescription = Pick<StageDescription, 'caches' | 'inputs' | 'boundaryIn'>;

const pastLengthInput = 'potluck/past-length';
const newLength = 'potluck/new-length';

/** Field numbers of onnx.proto. */
const modelGraph = 7;
const graphNode = 1;
const graphInitializer = 5;
const graphInput = 11;
const graphOutput = 12;
const nodeInput = 1;
const nodeOutput = 2;
const valueName = 1;

const utf8 = new TextEncoder();
const text = new TextDecoder();

/**
 * Changes a stage graph so that each `capacityPadded` attention cache comes back, under the same name, as the rows
 * [past length, past length + step) of its sequence axis only.
 * @throws {OnnxFormatError} if the graph is malformed
 * @throws {UnsupportedModelError} if nothing tells the length of a step
 */
export function returnNewRows(stageGraph: Uint8Array, description: NewRowsDescription): NewRowsStage {
  const caches = description.caches.filter((cache) => cache.kind === 'attention' && cache.capacityPadded);
  const renamed = new Map(caches.map(({ output }) => [output, `${output}/whole`]));
  const writer = new WireWriter();
  for (const field of messageFields(stageGraph)) {
    if (field.number !== modelGraph || !field.content) {
      writer.raw(field.bytes);
      continue;
    }
    const { content } = field;
    writer.message(modelGraph, (graph) => {
      copyGraph(graph, content, renamed, new Map(caches.map((cache) => [cache.output, cache])));
      addSlices(graph, caches, description);
    });
  }
  return { graph: writer.bytes().slice(), pastLengthInput };
}

function copyGraph(
  writer: WireWriter,
  graph: Uint8Array,
  renamed: ReadonlyMap<string, string>,
  caches: ReadonlyMap<string, StageCache>,
): void {
  for (const field of messageFields(graph)) {
    if (field.number === graphNode && field.content) {
      const { content } = field;
      writer.message(graphNode, (node) => copyNode(node, content, renamed));
    } else if (field.number === graphOutput && field.content) {
      const cache = caches.get(nameOfValue(field.content));
      if (!cache) writer.raw(field.bytes);
      else {
        const dims = cache.dims.map((length) => (length === 'past' ? 'step' : length));
        writer.message(graphOutput, (output) =>
          writeValue(output, { name: cache.output, type: cache.type, dims }),
        );
      }
    } else writer.raw(field.bytes);
  }
}

function copyNode(writer: WireWriter, node: Uint8Array, renamed: ReadonlyMap<string, string>): void {
  for (const field of messageFields(node)) {
    const isName = field.number === nodeInput || field.number === nodeOutput;
    const name = isName && field.content ? renamed.get(text.decode(field.content)) : undefined;
    if (name === undefined) writer.raw(field.bytes);
    else writer.data(field.number, utf8.encode(name));
  }
}

function nameOfValue(value: Uint8Array): string {
  for (const field of messageFields(value)) {
    if (field.number === valueName && field.content) return text.decode(field.content);
  }
  return '';
}

function addSlices(writer: WireWriter, caches: readonly StageCache[], description: NewRowsDescription): void {
  const perStep = [
    ...description.inputs.filter(({ role }) => role !== 'attention-mask'),
    ...description.boundaryIn,
  ];
  const counted = perStep.find(({ dims }) => dims.includes('step'));
  if (!counted)
    throw new UnsupportedModelError('a stage that can not tell the length of a step', pastLengthInput);
  const nodes: OnnxNode[] = [
    makeNode('Shape', [counted.name], `${newLength}/shape`),
    makeNode('Gather', [`${newLength}/shape`, `${newLength}/axis`], `${newLength}/step`, { axis: 0 }),
    makeNode('Add', [pastLengthInput, `${newLength}/step`], newLength),
  ];
  const constants: OnnxTensor[] = [int64Tensor(`${newLength}/axis`, [BigInt(counted.dims.indexOf('step'))])];
  for (const axis of new Set(caches.map((cache) => cache.sequenceAxis ?? 0))) {
    constants.push(int64Tensor(`${newLength}/along-${axis}`, [BigInt(axis)]));
  }
  for (const { output, sequenceAxis } of caches) {
    const inputs = [`${output}/whole`, pastLengthInput, newLength, `${newLength}/along-${sequenceAxis ?? 0}`];
    nodes.push(makeNode('Slice', inputs, output));
  }
  for (const node of nodes) writer.message(graphNode, (message) => writeNode(message, node));
  for (const tensor of constants) writer.message(graphInitializer, (message) => writeTensor(message, tensor));
  writer.message(graphInput, (message) =>
    writeValue(message, { name: pastLengthInput, type: 'int64', dims: [1] }),
  );
}

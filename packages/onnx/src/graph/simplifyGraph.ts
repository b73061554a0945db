/** Brings a graph into the plain form that the rest works on. */
import { OnnxFormatError, UnsupportedModelError } from '../errors.ts';
import type { OnnxGraph, OnnxNode, OnnxTensor } from '../model.ts';
import { namesOf } from './graphIndex.ts';

/** Domains whose operators ONNX Runtime has in every build. */
const knownDomains = new Set(['', 'com.microsoft']);

/**
 * Makes constant nodes initializers, takes initializers out of the inputs (a habit of old files), and refuses
 * operators that nobody has.
 * @throws {UnsupportedModelError} naming an operator of an unknown domain
 */
export function simplifyGraph(graph: OnnxGraph): void {
  const outputs = new Set(graph.outputs.map((output) => output.name));
  graph.inputs = graph.inputs.filter((input) => !graph.initializers.has(input.name));
  graph.nodes = graph.nodes.filter((node) => {
    refuseStrangers(node);
    const name = node.outputs[0];
    if (node.opType !== 'Constant' || node.domain !== '' || name === undefined || outputs.has(name))
      return true;
    const tensor = constantOf(node, name);
    if (!tensor) return true;
    if (graph.initializers.has(name))
      throw new OnnxFormatError(`the value ${name} is made twice`, graph.name);
    graph.initializers.set(name, tensor);
    return false;
  });
}

/** Drops nodes, initializers and annotations that no output needs. */
export function removeUnused(graph: OnnxGraph): void {
  const producers = new Map<string, OnnxNode>();
  for (const node of graph.nodes) for (const output of namesOf(node.outputs)) producers.set(output, node);
  const needed = new Set<string>();
  const kept = new Set<OnnxNode>();
  const waiting = graph.outputs.map((output) => output.name);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (needed.has(name)) continue;
    needed.add(name);
    const node = producers.get(name);
    if (!node || kept.has(node)) continue;
    kept.add(node);
    waiting.push(...namesOf(node.inputs));
  }
  graph.nodes = graph.nodes.filter((node) => kept.has(node));
  for (const name of graph.initializers.keys()) if (!needed.has(name)) graph.initializers.delete(name);
}

function refuseStrangers(node: OnnxNode): void {
  const subject = `${node.domain ? `${node.domain}.` : ''}${node.opType} ${node.name}`.trim();
  if (!knownDomains.has(node.domain))
    throw new UnsupportedModelError('operator of an unknown domain', subject);
}

function constantOf(node: OnnxNode, name: string): OnnxTensor | undefined {
  const value = node.attributes.get('value');
  if (value?.type === 'tensor') return { ...value.value, name };
  const int = node.attributes.get('value_int');
  if (int?.type === 'int') return int64Tensor(name, [int.value], []);
  const ints = node.attributes.get('value_ints');
  if (ints?.type === 'ints') return int64Tensor(name, ints.value);
  return undefined;
}

/** A constant of 64-bit integers; of one axis unless `dims` says otherwise. */
export function int64Tensor(name: string, values: readonly bigint[], dims = [values.length]): OnnxTensor {
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setBigInt64(index * 8, value, true));
  return { name, type: 'int64', dims: [...dims], data: { kind: 'inline', bytes } };
}

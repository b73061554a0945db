/** Puts a graph together node by node, with as little ceremony as a test can have. */
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxTensor, OnnxValue } from '../model.ts';

/** An attribute as a test writes it: integers are ints, `{ float }` is a float. */
export type AttributeValue = number | number[] | string | { float: number } | OnnxTensor;

/** A graph under construction; nodes must be added in an order that can run. */
export class GraphBuilder {
  readonly graph: OnnxGraph;

  constructor(name: string) {
    this.graph = { name, nodes: [], inputs: [], outputs: [], values: [], initializers: new Map() };
  }

  input(name: string, type: OnnxValue['type'], dims: OnnxValue['dims']): void {
    this.graph.inputs.push({ name, type, dims });
  }

  output(name: string, type: OnnxValue['type'], dims: OnnxValue['dims']): void {
    this.graph.outputs.push({ name, type, dims });
  }

  /** Adds a weight and returns its name. */
  initializer(tensor: OnnxTensor): string {
    this.graph.initializers.set(tensor.name, tensor);
    return tensor.name;
  }

  /**
   * Adds a node and returns the name of its first output.
   * @param opType with the domain before a dot for ONNX Runtime's own: `com.microsoft.MatMulNBits`
   * @param outputs names; default one that follows from the node's name
   */
  node(
    opType: string,
    name: string,
    inputs: string[],
    attributes: Record<string, AttributeValue> = {},
    outputs: string[] = [`${name}/output_0`],
  ): string {
    const dot = opType.lastIndexOf('.');
    this.graph.nodes.push({
      name,
      opType: opType.slice(dot + 1),
      domain: dot === -1 ? '' : opType.slice(0, dot),
      inputs,
      outputs,
      attributes: new Map(Object.entries(attributes).map(([key, value]) => [key, attributeOf(value)])),
    });
    return outputs[0] ?? '';
  }

  /** Adds an int64 Constant node: of one axis for an array, of none for a number. Returns its output. */
  integers(name: string, value: number | number[]): string {
    const elements = BigInt64Array.from([value].flat(), BigInt);
    const dims = Array.isArray(value) ? [value.length] : [];
    const bytes = new Uint8Array(elements.buffer);
    const tensor: OnnxTensor = { name: '', type: 'int64', dims, data: { kind: 'inline', bytes } };
    return this.node('Constant', name, [], { value: tensor }, [name]);
  }

  /** Adds a float32 Constant node: of one axis for an array, of none for a number. Returns its output. */
  floats(name: string, value: number | number[]): string {
    const bytes = new Uint8Array(Float32Array.from([value].flat()).buffer);
    const dims = Array.isArray(value) ? [value.length] : [];
    const tensor: OnnxTensor = { name: '', type: 'float32', dims, data: { kind: 'inline', bytes } };
    return this.node('Constant', name, [], { value: tensor }, [name]);
  }

  /** The finished model. */
  model(opsets: Record<string, number>): OnnxModel {
    return {
      irVersion: 10,
      opsets: new Map(Object.entries(opsets)),
      producer: 'potluck-testing',
      graph: this.graph,
    };
  }
}

function attributeOf(value: AttributeValue): OnnxAttribute {
  if (typeof value === 'number') return { type: 'int', value: BigInt(value) };
  if (typeof value === 'string') return { type: 'string', value: new TextEncoder().encode(value) };
  if (Array.isArray(value)) return { type: 'ints', value: value.map(BigInt) };
  if ('float' in value) return { type: 'float', value: value.float };
  return { type: 'tensor', value };
}

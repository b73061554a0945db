/** Who makes and who reads each value of a graph, so that rewrites can match patterns without wired-in names. */
import { indexGraph, type GraphIndex } from '../graph/graphIndex.ts';
import type { OnnxGraph, OnnxNode, OnnxTensor } from '../model.ts';

/** A look-up table over one state of a graph: index again after nodes were added or removed. */
export class ValueLookup {
  readonly #graph: OnnxGraph;
  readonly #index: GraphIndex;
  readonly #outputs: Set<string>;

  /** @throws {OnnxFormatError} if a value is made twice, made by nobody, or needs itself */
  constructor(graph: OnnxGraph) {
    this.#graph = graph;
    this.#outputs = new Set(graph.outputs.map((output) => output.name));
    this.#index = indexGraph(graph);
  }

  /** The node that makes a value; undefined for graph inputs, initializers and unknown names. */
  producerOf(value: string | undefined): OnnxNode | undefined {
    return value ? this.#index.producers.get(value) : undefined;
  }

  /** The nodes that read a value, each once. */
  consumersOf(value: string): readonly OnnxNode[] {
    return this.#index.consumers.get(value) ?? [];
  }

  /** The one node that reads a value; undefined where there are several, none, or the value is a graph output. */
  onlyConsumerOf(value: string | undefined): OnnxNode | undefined {
    if (!value || this.#outputs.has(value)) return undefined;
    const consumers = this.consumersOf(value);
    return consumers.length === 1 ? consumers[0] : undefined;
  }

  /** The tensor of an initializer or a Constant node. */
  constantOf(value: string | undefined): OnnxTensor | undefined {
    if (!value) return undefined;
    const initializer = this.#graph.initializers.get(value);
    if (initializer !== undefined) return initializer;
    const node = this.#index.producers.get(value);
    if (node?.opType !== 'Constant') return undefined;
    const attribute = node.attributes.get('value');
    return attribute?.type === 'tensor' ? attribute.value : undefined;
  }
}

/** True for an operator of the standard set with one of these names. */
export function isStandard<Name extends string>(
  node: OnnxNode | undefined,
  ...opTypes: Name[]
): node is OnnxNode & { opType: Name } {
  return (
    node !== undefined &&
    (node.domain === '' || node.domain === 'ai.onnx') &&
    opTypes.some((opType) => opType === node.opType)
  );
}

/** True for one of ONNX Runtime's own operators with one of these names. */
export function isMicrosoft<Name extends string>(
  node: OnnxNode | undefined,
  ...opTypes: Name[]
): node is OnnxNode & { opType: Name } {
  return (
    node !== undefined && node.domain === 'com.microsoft' && opTypes.some((opType) => opType === node.opType)
  );
}

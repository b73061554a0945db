/** Who makes a value and who reads it. */
import { OnnxFormatError } from '../errors.ts';
import type { OnnxGraph, OnnxNode } from '../model.ts';

export interface GraphIndex {
  /** The node that makes a value; nothing for graph inputs and initializers. */
  producers: Map<string, OnnxNode>;
  /** The nodes that read a value, each once. */
  consumers: Map<string, OnnxNode[]>;
  /** All nodes, each after those that make its inputs. */
  order: OnnxNode[];
}

/** @throws {OnnxFormatError} if a value is made twice, made by nobody, or needs itself */
export function indexGraph(graph: OnnxGraph): GraphIndex {
  const producers = new Map<string, OnnxNode>();
  const consumers = new Map<string, OnnxNode[]>();
  const given = new Set([...graph.inputs.map((input) => input.name), ...graph.initializers.keys()]);
  for (const node of graph.nodes) {
    for (const output of namesOf(node.outputs)) {
      if (producers.has(output) || given.has(output)) {
        throw new OnnxFormatError(`the value ${output} is made twice`, graph.name);
      }
      producers.set(output, node);
    }
    for (const input of new Set(namesOf(node.inputs))) {
      const readers = consumers.get(input);
      if (readers) readers.push(node);
      else consumers.set(input, [node]);
    }
  }
  return { producers, consumers, order: sortNodes(graph, producers, given) };
}

/** The names that are not the empty placeholder of an optional value. */
export function namesOf(values: readonly string[]): string[] {
  return values.filter((value) => value !== '');
}

function sortNodes(graph: OnnxGraph, producers: Map<string, OnnxNode>, given: Set<string>): OnnxNode[] {
  const order: OnnxNode[] = [];
  const state = new Map<OnnxNode, 'open' | 'done'>();
  // An explicit stack: a decoder is thousands of nodes deep.
  for (const root of graph.nodes) {
    const stack: OnnxNode[] = [root];
    for (let node = stack.at(-1); node; node = stack.at(-1)) {
      if (state.get(node) === 'done') {
        stack.pop();
        continue;
      }
      const isReturning = state.get(node) === 'open';
      state.set(node, 'open');
      let waits = false;
      for (const input of namesOf(node.inputs)) {
        const producer = producers.get(input);
        if (!producer) {
          if (given.has(input)) continue;
          throw new OnnxFormatError(
            `nothing makes ${input}, which ${node.opType} ${node.name} reads`,
            graph.name,
          );
        }
        if (state.get(producer) === 'done') continue;
        if (isReturning || state.get(producer) === 'open') {
          throw new OnnxFormatError(`the value ${input} needs itself`, graph.name);
        }
        stack.push(producer);
        waits = true;
      }
      if (waits) continue;
      state.set(node, 'done');
      order.push(node);
      stack.pop();
    }
  }
  return order;
}

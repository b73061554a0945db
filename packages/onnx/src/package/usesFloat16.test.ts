import { expect, it } from 'vitest';
import type { ElementType } from '@potluck/protocol';
import { makeNode } from '../graph/nodes.ts';
import type { OnnxGraph } from '../model.ts';
import { usesFloat16 } from './usesFloat16.ts';

/** One matmul of an input and a weight. */
function graphOf(input: ElementType, weight: ElementType): OnnxGraph {
  return {
    name: 'tiny',
    nodes: [],
    inputs: [{ name: 'x', type: input, dims: [1, 4] }],
    outputs: [{ name: 'y', type: 'float32', dims: [1, 4] }],
    values: [],
    initializers: new Map([
      ['w', { name: 'w', type: weight, dims: [4, 4], data: { kind: 'inline', bytes: new Uint8Array(64) } }],
    ]),
  };
}

it('is found in what is converted, where nothing is annotated', () => {
  const graph = graphOf('float32', 'float32');
  graph.nodes.push(makeNode('Cast', ['x'], 'half', { to: 1 }));
  expect(usesFloat16(graph)).toBe(false);
  graph.nodes.push(makeNode('Cast', ['x'], 'half too', { to: 10 }));
  expect(usesFloat16(graph)).toBe(true);
});

it('is found in weights and in what goes in', () => {
  expect(usesFloat16(graphOf('float32', 'float32'))).toBe(false);
  expect(usesFloat16(graphOf('float16', 'float32'))).toBe(true);
  expect(usesFloat16(graphOf('float32', 'float16'))).toBe(true);
});

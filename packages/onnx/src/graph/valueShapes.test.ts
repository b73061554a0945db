import type { Dimension } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../testing/graphBuilder.ts';
import { indexGraph } from './graphIndex.ts';
import { simplifyGraph } from './simplifyGraph.ts';
import { shapeLookup, type ShapeOf } from './valueShapes.ts';

const width = 8;

/** @param build adds nodes; `ids` is [batch, step], `hidden` [batch, step, width], `cache` [batch, 2, past, 4] */
function shapesOf(build: (graph: GraphBuilder) => void): ShapeOf {
  const builder = new GraphBuilder('shapes');
  builder.input('ids', 'int64', ['b', 's']);
  builder.input('hidden', 'float32', ['b', 's', width]);
  builder.input('cache', 'float32', ['b', 2, 'p', 4]);
  builder.initializer({
    name: 'weight',
    type: 'float32',
    dims: [width],
    data: { kind: 'inline', bytes: new Uint8Array(4 * width) },
  });
  build(builder);
  simplifyGraph(builder.graph);
  const meanings = new Map<string, Dimension>([
    ['b', 1],
    ['s', 'step'],
    ['p', 'past'],
  ]);
  return shapeLookup(builder.graph, indexGraph(builder.graph), meanings);
}

test('shape arithmetic is followed through reshapes', () => {
  const shapeOf = shapesOf((graph) => {
    const shape = graph.node('Shape', 'shape', ['hidden']);
    const step = graph.node('Gather', 'step', [shape, graph.integers('one', [1])]);
    const flat = graph.node('Concat', 'flat', [step, graph.integers('rest', [-1])], { axis: 0 });
    graph.node('Reshape', 'reshaped', ['hidden', flat], {}, ['flattened']);
    const heads = graph.node(
      'Concat',
      'heads',
      [graph.integers('zeros', [0, 0]), graph.integers('2', [2, -1])],
      {
        axis: 0,
      },
    );
    graph.node('Reshape', 'split', ['hidden', heads], {}, ['parted']);
    graph.node('Transpose', 'swap', ['parted'], { perm: [0, 2, 1, 3] }, ['swapped']);
    const left = graph.node('Slice', 'left', [shape, graph.integers('from', [0]), graph.integers('to', [2])]);
    const back = graph.node('Concat', 'back', [left, graph.integers('wide', [width])], { axis: 0 });
    graph.node('Reshape', 'whole', ['flattened', back], {}, ['again']);
  });
  expect(shapeOf('flattened')?.dims).toEqual(['step', width]);
  expect(shapeOf('parted')?.dims).toEqual([1, 'step', 2, width / 2]);
  expect(shapeOf('swapped')?.dims).toEqual([1, 2, 'step', width / 2]);
  expect(shapeOf('again')?.dims).toEqual([1, 'step', width]);
});

test('lengths are added up, and a mask made of them has its shape', () => {
  const shapeOf = shapesOf((graph) => {
    const lengthOf = (value: string, axis: number): string =>
      graph.node('Gather', `${value}/length`, [
        graph.node('Shape', `${value}/shape`, [value]),
        graph.integers(`${value}/axis`, axis),
      ]);
    const [step, past] = [lengthOf('ids', 1), lengthOf('cache', 2)];
    const total = graph.node('Add', 'total', [step, past]);
    graph.node('Range', 'range', [past, total, graph.integers('by', 1)], {}, ['positions']);
    const axes = graph.integers('axes', [0]);
    const sizes = [step, total].map((length, at) => graph.node('Unsqueeze', `listed${at}`, [length, axes]));
    const shape = graph.node('Concat', 'both', sizes, { axis: 0 });
    // As torch's `expand(-1, …)` is exported: where the wanted length is -1, one.
    const ones = graph.node('ConstantOfShape', 'ones', [graph.integers('two', [2])], {
      value: {
        name: '',
        type: 'int64',
        dims: [1],
        data: { kind: 'inline', bytes: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) },
      },
    });
    const minus = graph.node('Mul', 'minus', [ones, graph.integers('negative', -1)]);
    const isOpen = graph.node('Equal', 'open', [shape, minus]);
    const wanted = graph.node('Where', 'wanted', [isOpen, ones, shape]);
    const rows = graph.node('Unsqueeze', 'rows', ['positions', graph.integers('last', [1])]);
    graph.node('Expand', 'expand', [graph.node('Cast', 'cast', [rows], { to: 1 }), wanted], {}, ['mask']);
  });
  expect(shapeOf('positions')).toEqual({ type: 'int64', dims: ['step'] });
  expect(shapeOf('mask')).toEqual({ type: 'float32', dims: ['step', 'total'] });
});

test('what is added to a residual stream has its shape, and a weight says nothing of what it scales', () => {
  const shapeOf = shapesOf((graph) => {
    graph.node('Softsign', 'odd', ['hidden'], {}, ['unknown']);
    graph.node('Mul', 'scale', ['unknown', 'weight'], {}, ['scaled']);
    graph.node('Add', 'residual', ['scaled', 'hidden'], {}, ['sum']);
    graph.node('Unsqueeze', 'spread', ['hidden', graph.integers('heads', [1])], {}, ['spread']);
    graph.node('Mul', 'turn', ['unknown', 'spread'], {}, ['turned']);
  });
  expect(shapeOf('unknown')).toBeUndefined();
  expect(shapeOf('scaled')).toBeUndefined();
  expect(shapeOf('sum')?.dims).toEqual([1, 'step', width]);
  // The axis of heads is the other side's to fill.
  expect(shapeOf('turned')).toBeUndefined();
});

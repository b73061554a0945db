import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnsupportedModelError } from '../errors.ts';
import { memoryModelFiles } from '../files/memoryModelFiles.ts';
import type { OnnxModel } from '../model.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import { GraphBuilder } from '../testing/graphBuilder.ts';
import { buildStage } from './buildStage.ts';
import { generate, stageShelf } from './testing/pipeline.ts';
import { importSubject, type ImportedSubject } from './testing/subjects.ts';

const width = 8;
const vocabulary = 24;

interface UnusualSettings {
  /** The kind of cache of each layer. */
  layers: ('attention' | 'state')[];
  /** Integer inputs beside the token ids. */
  mask?: boolean;
  positions?: boolean;
  /** Adds the embedding again before the head, so that it passes every boundary. */
  embeddingAgain?: boolean;
  /** Scales every layer by the number of tokens so far, taken from the shape of layer 0's cache. */
  countTokens?: boolean;
  /** Converts layer 0's cache before its shape is taken, as exports in half precision do. */
  convertCache?: boolean;
  /** Gives the token ids the shape [-1, step] that they have, by way of their own shape. */
  reshapeIds?: boolean;
  /** Scales each layer by a weight after an operator whose shapes nobody follows. */
  gate?: boolean;
  /** Gives the last hidden states too. */
  hiddenStates?: boolean;
}

/** A decoder of our own invention: caches of three axes, and a scale that depends on a length. */
function unusualDecoder(settings: UnusualSettings): OnnxModel {
  const graph = new GraphBuilder('unusual');
  const random = weights();
  const matrix = (name: string, rows: number, columns: number): string =>
    graph.initializer({
      name,
      type: 'float32',
      dims: [rows, columns],
      data: { kind: 'inline', bytes: random(rows * columns) },
    });
  graph.input('ids', 'int64', ['b', 's']);
  if (settings.mask) graph.input('mask', 'int64', ['b', 't']);
  if (settings.positions) graph.input('positions', 'int64', ['b', 's']);
  graph.output('logits', 'float32', ['b', 's', vocabulary]);
  const ids = settings.reshapeIds ? reshapeToItself(graph, 'ids') : 'ids';
  const embedding = graph.node('Gather', 'embed', [matrix('table', vocabulary, width), ids]);
  const scale = settings.countTokens ? tokenCount(graph, embedding, pastOfFirstLayer()) : undefined;
  const zeros = [...(settings.mask ? ['mask'] : []), ...(settings.positions ? ['positions'] : [])].map(
    zeroFrom,
  );
  let hidden = embedding;
  settings.layers.forEach((kind, layer) => {
    const name = `l${layer}`;
    let mixed = kind === 'attention' ? attend(name, hidden) : remember(name, hidden);
    for (const zero of zeros) mixed = graph.node('Add', `${name}/${zero}`, [mixed, zero]);
    if (settings.gate) {
      const soft = graph.node('Softsign', `${name}/soft`, [mixed]);
      mixed = graph.node('Mul', `${name}/gated`, [soft, matrix(`${name}/gate`, 1, width)]);
    }
    const sum = graph.node('Add', `${name}/sum`, [hidden, mixed]);
    hidden = scale ? graph.node('Mul', `${name}/scaled`, [sum, scale]) : sum;
  });
  if (settings.hiddenStates) {
    graph.output('hidden', 'float32', ['b', 's', width]);
    graph.node('Identity', 'hidden/identity', [hidden], {}, ['hidden']);
  }
  if (settings.embeddingAgain) hidden = graph.node('Add', 'again', [hidden, embedding]);
  graph.node('MatMul', 'head', [hidden, matrix('head/weight', width, vocabulary)], {}, ['logits']);
  return graph.model({ '': 17 });

  function pastOfFirstLayer(): string | undefined {
    if (settings.layers[0] !== 'attention') return undefined;
    return settings.convertCache
      ? graph.node('Cast', 'l0/past/converted', ['l0/past'], { to: 11 })
      : 'l0/past';
  }

  /** Zero by way of an input: what nothing reads would be no input. */
  function zeroFrom(input: string): string {
    const numbers = graph.node('Cast', `${input}/numbers`, [input], { to: 1 });
    const zeros = graph.node('Mul', `${input}/zeros`, [numbers, graph.floats(`${input}/0`, 0)]);
    return graph.node('ReduceMax', `${input}/zero`, [zeros], { keepdims: 0 });
  }

  function attend(name: string, input: string): string {
    graph.input(`${name}/past`, 'float32', ['b', 'p', width]);
    graph.output(`${name}/present`, 'float32', ['b', 't', width]);
    const key = graph.node('MatMul', `${name}/key`, [input, matrix(`${name}/key/weight`, width, width)]);
    const keys = graph.node('Concat', `${name}/keys`, [`${name}/past`, key], { axis: 1 }, [
      `${name}/present`,
    ]);
    const flipped = graph.node('Transpose', `${name}/flipped`, [keys], { perm: [0, 2, 1] });
    const scores = graph.node('Softmax', `${name}/scores`, [
      graph.node('MatMul', `${name}/dot`, [input, flipped]),
    ]);
    return graph.node('MatMul', `${name}/out`, [scores, keys]);
  }

  /** Adds the inputs of the last two steps, however long the step is. */
  function remember(name: string, input: string): string {
    graph.input(`${name}/past`, 'float32', ['b', 2, width]);
    graph.output(`${name}/present`, 'float32', ['b', 2, width]);
    const inner = graph.node('MatMul', `${name}/in`, [input, matrix(`${name}/in/weight`, width, width)]);
    const all = graph.node('Concat', `${name}/all`, [`${name}/past`, inner], { axis: 1 });
    const [last, end, axis] = [-2, 1000000, 1].map((value, index) =>
      graph.integers(`${name}/${index}`, [value]),
    );
    graph.node('Slice', `${name}/last`, [all, last ?? '', end ?? '', axis ?? ''], {}, [`${name}/present`]);
    return graph.node('ReduceMean', `${name}/mean`, [all], { axes: [1], keepdims: 1 });
  }
}

/** Tokens in the cache and in this step, as old exports take them from shapes; float32 []. */
function tokenCount(graph: GraphBuilder, embedding: string, past: string | undefined): string {
  const lengthOf = (value: string, name: string): string =>
    graph.node('Gather', name, [
      graph.node('Shape', `${name}/shape`, [value]),
      graph.integers(`${name}/1`, 1),
    ]);
  const step = lengthOf(embedding, 'count/step');
  const all =
    past === undefined ? step : graph.node('Add', 'count/all', [step, lengthOf(past, 'count/past')]);
  return graph.node('Cast', 'count', [all], { to: 1 });
}

/** `ids.view(-1, ids.shape[-1])`, as exporters write it. */
function reshapeToItself(graph: GraphBuilder, ids: string): string {
  const length = graph.node('Gather', `${ids}/length`, [
    graph.node('Shape', `${ids}/shape`, [ids]),
    graph.integers(`${ids}/last`, -1),
  ]);
  const listed = graph.node('Unsqueeze', `${ids}/listed`, [length, graph.integers(`${ids}/axes`, [0])]);
  const shape = graph.node('Concat', `${ids}/wanted`, [graph.integers(`${ids}/rest`, [-1]), listed], {
    axis: 0,
  });
  return graph.node('Reshape', `${ids}/reshaped`, [ids, shape]);
}

function weights(): (elements: number) => Uint8Array {
  let state = 1;
  return (elements) => {
    const values = Float32Array.from({ length: elements }, () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647 - 0.5;
    });
    return new Uint8Array(values.buffer);
  };
}

function importUnusual(model: OnnxModel): Promise<ImportedSubject> {
  return importSubject({
    name: model.graph.name,
    files: memoryModelFiles({ 'model.onnx': writeModel(model) }),
    graphFile: 'model.onnx',
    config: { vocab_size: vocabulary },
    answers: [],
  });
}

describe.each<[string, UnusualSettings]>([
  ['caches of three axes', { layers: ['attention', 'attention', 'attention'] }],
  ['states between attention layers', { layers: ['state', 'attention', 'state', 'attention'] }],
  [
    'a value that passes every stage',
    { layers: ['attention', 'attention', 'attention'], embeddingAgain: true },
  ],
  [
    'lengths from shapes, a mask',
    { layers: ['attention', 'state', 'attention'], countTokens: true, mask: true },
  ],
  ['lengths from shapes, positions', { layers: ['attention', 'state'], countTokens: true, positions: true }],
  ['lengths from shapes, neither', { layers: ['attention', 'attention'], countTokens: true }],
  [
    'lengths from the shape of a converted cache',
    { layers: ['attention', 'attention'], countTokens: true, convertCache: true },
  ],
  [
    'token ids reshaped before the first layer',
    { layers: ['attention', 'attention'], countTokens: true, reshapeIds: true },
  ],
  ['a weight that scales what has no known shape', { layers: ['attention', 'state'], gate: true }],
  ['an output that an answer does not need', { layers: ['attention', 'attention'], hiddenStates: true }],
])('a decoder with %s', (_, settings) => {
  let subject: ImportedSubject;
  let shelf: ReturnType<typeof stageShelf>;

  beforeAll(async () => {
    subject = await importUnusual(unusualDecoder(settings));
    shelf = stageShelf(subject.decoder, subject.blobs);
  });
  afterAll(() => shelf?.release());

  it('has the layers and kinds that it was built with', () => {
    expect(subject.decoder.anatomy.caches.map(({ kind }) => kind)).toEqual(settings.layers);
  });

  it('passes on one activation at each boundary, and no length', () => {
    const crossing = settings.embeddingAgain ? 2 : 1;
    const { boundaries } = subject.decoder.anatomy;
    expect(boundaries.slice(1).map((tensors) => tensors.length)).toEqual(
      settings.layers.slice(1).map(() => crossing),
    );
    for (const tensor of boundaries.flat()) expect(tensor.dims).toEqual([1, 'step', width]);
  });

  it('says the same in stages of one layer as in one piece', async () => {
    const chunks = [
      [3, 1, 4, 1],
      [5, 9],
    ];
    const whole = await generate(await shelf.pipeline([], 'growing'), chunks, 4, 'float32');
    const cuts = settings.layers.map((_, layer) => layer).slice(0, -1);
    const stages = await generate(await shelf.pipeline(cuts, 'newRows'), chunks, 4, 'float32');
    expect(stages.logits).toEqual(whole.logits);
  });
});

describe('a decoder that can not be cut', () => {
  const base: UnusualSettings = { layers: ['attention', 'attention'] };

  it('is refused with the name of its control flow', async () => {
    const model = unusualDecoder(base);
    const body = new GraphBuilder('body').graph;
    const node = model.graph.nodes.find(({ name }) => name === 'l1/sum');
    node?.attributes.set('then_branch', { type: 'graph', value: body });
    await expect(importUnusual(model)).rejects.toThrow(/control flow with a subgraph \(Add l1\/sum\)/);
  });

  it('is refused with the name of an operator that nobody knows', async () => {
    const model = unusualDecoder(base);
    const node = model.graph.nodes.find(({ name }) => name === 'l1/sum');
    if (node) node.domain = 'com.example';
    await expect(importUnusual(model)).rejects.toThrow(/unknown domain \(com.example.Add l1\/sum\)/);
  });

  it('is refused with the name of a cache that nothing gives back', async () => {
    const model = unusualDecoder(base);
    model.graph.outputs = model.graph.outputs.filter(({ name }) => name !== 'l1/present');
    await expect(importUnusual(model)).rejects.toThrow(/l1\/past/);
  });

  it('is refused where a cache has a length that nobody tells', async () => {
    const model = unusualDecoder(base);
    for (const value of [...model.graph.inputs, ...model.graph.outputs]) {
      if (value.name.startsWith('l1/')) value.dims[2] = 'depth';
    }
    await expect(importUnusual(model)).rejects.toThrow(/axis 2 has no known length \(l1\/past\)/);
  });

  it('is refused where it has no cache', async () => {
    await expect(importUnusual(unusualDecoder({ layers: [] }))).rejects.toThrow(UnsupportedModelError);
  });

  it('gives no stage of layers that it does not have', async () => {
    const { decoder } = await importUnusual(unusualDecoder(base));
    for (const [firstLayer, lastLayer] of [
      [-1, 0],
      [0, 2],
      [1, 0],
      [0.5, 1],
    ] as const) {
      expect(() => buildStage(decoder, { firstLayer, lastLayer })).toThrow(RangeError);
    }
  });
});

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ModelFileError, OnnxFormatError, UnsupportedModelError } from '../errors.ts';
import { memoryModelFiles } from '../files/memoryModelFiles.ts';
import type { OnnxGraph } from '../model.ts';
import { readModel } from '../protobuf/readModel.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import type { ModelFiles } from '../source.ts';
import { buildStage } from '../stage/buildStage.ts';
import { memoryBlobs } from '../stage/testing/memoryBlobs.ts';
import { importSubject, oldStyle, randomStyle, type Subject } from '../stage/testing/subjects.ts';
import { importDecoder } from './importDecoder.ts';
import { readPackedDecoder } from './packedDecoder.ts';

let subject: Subject;
let graph: Uint8Array;

beforeAll(async () => {
  subject = await randomStyle.open();
  const source = await subject.files.open(subject.graphFile);
  graph = await source.read(0, source.size);
});

/** The subject's files, with another graph. */
function withGraph(bytes: Uint8Array): ModelFiles {
  const graphOnly = memoryModelFiles({ [subject.graphFile]: bytes });
  return { open: (name) => (name === subject.graphFile ? graphOnly : subject.files).open(name) };
}

describe('importing', () => {
  it('describes the model for people and for placement', async () => {
    const { imported } = await importSubject(await oldStyle.open());
    expect(imported).toMatchObject({ vocabularySize: 6400, stopTokenIds: [2] });
    expect(imported.layers).toHaveLength(8);
    // 26 million, as its makers count them.
    expect(imported.parameterCount / 1e6).toBeGreaterThan(25);
    expect(imported.parameterCount / 1e6).toBeLessThan(31);
    expect(imported.notes.length).toBeGreaterThan(0);
    expect(imported.float16).toBe(false);
    // Keys and values of 2 heads of 64 numbers of 4 bytes.
    for (const layer of imported.layers) expect(layer.cacheBytesPerToken).toBe(2 * 2 * 64 * 4);
  });

  it('counts what embedding and head share as shared', async () => {
    const { imported } = await importSubject(subject);
    expect(imported.tiedBytes).toBeGreaterThan(0);
    expect(imported.embeddingBytes + imported.headBytes).toBeLessThan(imported.tiedBytes);
  });

  it('serves at most the context that the model was made for', async () => {
    const options = { ...subject, sink: memoryBlobs() };
    expect((await importDecoder({ ...options, contextLength: 64 })).contextLength).toBe(64);
    expect((await importDecoder({ ...options, contextLength: 1e6 })).contextLength).toBe(256);
    await expect(importDecoder({ ...options, contextLength: 0 })).rejects.toThrow(RangeError);
  });

  it('gives the same blobs every time', async () => {
    const [one, other] = [await importSubject(subject), await importSubject(subject)];
    expect(one.imported).toEqual(other.imported);
  });

  it('stops when it is aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(importDecoder({ ...subject, sink: memoryBlobs(), signal })).rejects.toThrow('enough');
  });
});

describe('a damaged graph', () => {
  /** Importing and cutting ends, with stages or with an error of ours. */
  async function endsWell(bytes: Uint8Array): Promise<void> {
    const blobs = memoryBlobs();
    try {
      const imported = await importDecoder({ ...subject, files: withGraph(bytes), sink: blobs });
      const decoder = await readPackedDecoder(blobs.get(imported.graph));
      buildStage(decoder, { firstLayer: 0, lastLayer: imported.layers.length - 1 });
    } catch (error) {
      const isOurs = [OnnxFormatError, UnsupportedModelError, ModelFileError].some(
        (kind) => error instanceof kind,
      );
      if (!isOurs) throw error;
    }
  }

  it('ends in a typed error, or in a model that can be cut', async () => {
    const change = fc.record({
      position: fc.noBias(fc.nat({ max: graph.length - 1 })),
      value: fc.integer({ min: 0, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const damaged = graph.slice();
        for (const { position, value } of changes) damaged[position] = value;
        await endsWell(damaged);
      }),
      { numRuns: 300 },
    );
  });

  it('of well-formed nonsense ends in a typed error, or in a model that can be cut', async () => {
    const model = await readModel(subject.files, subject.graphFile);
    const pick = fc.noBias(fc.nat());
    const change = fc.record({
      kind: fc.constantFrom(
        'drop node',
        'rewire',
        'rename operator',
        'change axis',
        'drop output',
        'drop weight',
      ),
      first: pick,
      second: pick,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const damaged = structuredClone(model);
        for (const { kind, first, second } of changes) applyNonsense(damaged.graph, kind, first, second);
        await endsWell(writeModel(damaged));
      }),
      { numRuns: 300 },
    );
  });

  it('is no packed decoder', async () => {
    await expect(readPackedDecoder(graph)).rejects.toThrow(OnnxFormatError);
    await expect(readPackedDecoder(new Uint8Array(100))).rejects.toThrow(OnnxFormatError);
  });
});

/** One change that keeps the file readable and takes the sense out of it. */
function applyNonsense(damaged: OnnxGraph, kind: string, first: number, second: number): void {
  const at = <Item>(items: readonly Item[], position: number): Item | undefined =>
    items[position % items.length];
  const node = at(damaged.nodes, first);
  const other = at(damaged.nodes, second);
  const value = at([...damaged.inputs, ...damaged.outputs, ...damaged.values], first);
  switch (kind) {
    case 'drop node':
      damaged.nodes = damaged.nodes.filter((candidate) => candidate !== node);
      break;
    case 'rewire':
      if (node) node.inputs[second % Math.max(1, node.inputs.length)] = other?.outputs[0] ?? '';
      break;
    case 'rename operator':
      if (node && other) node.opType = other.opType;
      break;
    case 'change axis':
      if (value)
        value.dims[second % Math.max(1, value.dims.length)] = at([0, 1, undefined, 'odd', 2 ** 52], second);
      break;
    case 'drop output':
      damaged.outputs.splice(first % damaged.outputs.length, 1);
      break;
    case 'drop weight':
      damaged.initializers.delete(at([...damaged.initializers.keys()], first) ?? '');
      break;
  }
}

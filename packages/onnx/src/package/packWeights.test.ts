import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OnnxFormatError } from '../errors.ts';
import { memoryModelFiles } from '../files/memoryModelFiles.ts';
import type { OnnxGraph, OnnxTensor } from '../model.ts';
import { openOnce } from '../protobuf/fileSizes.ts';
import { maxInlineTensorBytes } from '../protobuf/limits.ts';
import { memoryBlobs } from '../stage/testing/memoryBlobs.ts';
import { weightFilesOf } from './packedDecoder.ts';
import { packWeights } from './packWeights.ts';
import type { DecoderPart } from './weightParts.ts';

const fileBytes = Uint8Array.from({ length: 20_000 }, (_, index) => (index * 31) % 253);
const files = openOnce(memoryModelFiles({ data: fileBytes }));

/** Small, so that tensors of a few kilobytes span packs. */
const packBytes = 4096;

type Kind = OnnxTensor['data']['kind'];

function tensorOf(name: string, kind: Kind, length: number): { tensor: OnnxTensor; bytes: Uint8Array } {
  const bytes = fileBytes.slice(5, 5 + length);
  const data: OnnxTensor['data'] =
    kind === 'inline'
      ? { kind, bytes }
      : kind === 'range'
        ? { kind, file: 'data', offset: 5, length }
        : { kind, length, compute: async () => bytes };
  return { tensor: { name, type: 'uint8', dims: [length], data }, bytes };
}

function graphOf(tensors: readonly OnnxTensor[]): OnnxGraph {
  const initializers = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return { name: '', nodes: [], inputs: [], outputs: [], values: [], initializers };
}

const someTensors = fc.array(
  fc.record({
    kind: fc.constantFrom<Kind>('inline', 'range', 'computed'),
    length: fc.integer({ min: 1, max: 15_000 }),
    parts: fc.constantFrom<DecoderPart[]>([0], [1], ['embedding', 'head'], [0, 1]),
  }),
  { maxLength: 12 },
);

describe('packing weights', () => {
  it('keeps every byte, in packs of bounded size and at aligned places', async () => {
    await fc.assert(
      fc.asyncProperty(someTensors, async (settings) => {
        const made = settings.map(({ kind, length }, index) => tensorOf(`t${index}`, kind, length));
        const parts = new Map(settings.map((setting, index) => [`t${index}`, setting.parts]));
        const blobs = memoryBlobs();
        const graph = graphOf(made.map(({ tensor }) => tensor));
        const { packs, spanning } = await packWeights(graph, parts, files, blobs, { maxBytes: packBytes });
        const weightFiles = weightFilesOf(packs, spanning);
        for (const pack of packs) expect(pack.size).toBeLessThanOrEqual(packBytes);
        for (const { tensor, bytes } of made) {
          if (tensor.data.kind === 'inline') {
            expect(tensor.data.bytes).toEqual(bytes);
            expect(bytes.length).toBeLessThanOrEqual(maxInlineTensorBytes);
            continue;
          }
          // The graph's readers take the values of small tensors from the graph.
          expect(bytes.length).toBeGreaterThan(maxInlineTensorBytes);
          if (tensor.data.kind !== 'range') throw new TypeError('A tensor that was not packed');
          const { file, offset, length } = tensor.data;
          const whole = Buffer.concat((weightFiles.get(file)?.parts ?? []).map((part) => blobs.get(part)));
          expect(offset % 64).toBe(0);
          expect(new Uint8Array(whole.subarray(offset, offset + length))).toEqual(bytes);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('keeps weights of different layers in different packs', async () => {
    const tensors = ['a', 'b', 'c'].map((name) => tensorOf(name, 'range', 2000 + name.charCodeAt(0)).tensor);
    const parts = new Map<string, DecoderPart[]>([
      ['a', [0]],
      ['b', [1]],
      ['c', [0]],
    ]);
    await packWeights(graphOf(tensors), parts, files, memoryBlobs(), { maxBytes: 64 * 1024 });
    const [a, b, c] = tensors.map(({ data }) => (data.kind === 'range' ? data.file : undefined));
    expect(a).toBe(c);
    expect(a).not.toBe(b);
  });

  it('tells how far it is, up to the end', async () => {
    const seen: number[] = [];
    const { tensor } = tensorOf('t', 'range', 10_000);
    await packWeights(graphOf([tensor]), new Map([['t', [0]]]), files, memoryBlobs(), {
      maxBytes: packBytes,
      onProgress: ({ doneBytes, totalBytes }) => seen.push(doneBytes / totalBytes),
    });
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual([...seen].sort((left, right) => left - right));
  });

  it('stops when it is aborted', async () => {
    const { tensor } = tensorOf('t', 'range', 10_000);
    const packing = packWeights(graphOf([tensor]), new Map([['t', [0]]]), files, memoryBlobs(), {
      signal: AbortSignal.abort(new Error('enough')),
    });
    await expect(packing).rejects.toThrow('enough');
  });

  it('refuses computed bytes of the wrong length', async () => {
    const tensor: OnnxTensor = {
      name: 't',
      type: 'uint8',
      dims: [5000],
      data: { kind: 'computed', length: 5000, compute: async () => new Uint8Array(4999) },
    };
    const packing = packWeights(graphOf([tensor]), new Map([['t', [0]]]), files, memoryBlobs());
    await expect(packing).rejects.toThrow(OnnxFormatError);
  });
});

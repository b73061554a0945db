import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { maxPackBytes, Sha256, type BlobRef } from '@potluck/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { directoryModelFiles } from '../files/directoryModelFiles.ts';
import { buildStage } from '../stage/buildStage.ts';
import { writeRandomDecoder } from '../testing/randomDecoder.ts';
import { importDecoder, type ImportedDecoder } from './importDecoder.ts';
import { readPackedDecoder, type PackedDecoder } from './packedDecoder.ts';

const gibibyte = 2 ** 30;

/** Two packs, one tensor's reads, the runtime's slack before it collects. */
const allowedGrowthBytes = 640 * 1024 * 1024;

const zeros = Buffer.alloc(maxPackBytes);
/** Of packs of zeros, as nearly all are, by their size: to hash four gibibytes takes seconds. */
const hashesOfZeros = new Map<number, Sha256>();

function hashOf(bytes: Uint8Array): Sha256 {
  const isZeros = zeros.subarray(0, bytes.length).equals(bytes);
  const known = isZeros ? hashesOfZeros.get(bytes.length) : undefined;
  const hash = known ?? Sha256.parse(createHash('sha256').update(bytes).digest('hex'));
  if (isZeros) hashesOfZeros.set(bytes.length, hash);
  return hash;
}

/** Resident memory is looked at whenever a pack is full. */
function residentBytes(): number {
  return process.memoryUsage().rss;
}

describe('a model of more than four gibibytes', () => {
  let directory: string;
  let imported: ImportedDecoder;
  let decoder: PackedDecoder;
  let graph: Uint8Array = new Uint8Array(0);
  let peakGrowthBytes = 0;
  let packedBytes = 0;

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'potluck-large-'));
    // 4 layers of f32; the file is a hole, so that it takes no room on the disk.
    await writeRandomDecoder(directory, {
      layers: 4,
      hiddenSize: 4096,
      heads: 32,
      keyValueHeads: 8,
      intermediateSize: 14336,
      vocabularySize: 50000,
      contextLength: 256,
      weights: 'f32',
      sparse: true,
      tokenizer: false,
    });
    const before = residentBytes();
    imported = await importDecoder({
      files: directoryModelFiles(path.join(directory, 'onnx')),
      graphFile: 'model.onnx',
      config: JSON.parse(await readFile(path.join(directory, 'config.json'), 'utf8')) as unknown,
      sink: {
        // Keeps nothing but the last blob, which is the graph.
        put: async (bytes): Promise<BlobRef> => {
          graph = bytes;
          packedBytes += bytes.length;
          peakGrowthBytes = Math.max(peakGrowthBytes, residentBytes() - before);
          return { sha256: hashOf(bytes), size: bytes.length };
        },
      },
    });
    decoder = await readPackedDecoder(graph);
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('is imported without being read into memory', async () => {
    expect((await stat(path.join(directory, 'onnx/model.onnx_data'))).size).toBeGreaterThan(4 * gibibyte);
    expect(packedBytes).toBeGreaterThan(4 * gibibyte);
    expect(peakGrowthBytes).toBeLessThan(allowedGrowthBytes);
  });

  it('keeps equal packs once, each of at most the size that is allowed', () => {
    expect(new Set(imported.packs.map((pack) => pack.sha256)).size).toBe(imported.packs.length);
    for (const pack of imported.packs) expect(pack.size).toBeLessThanOrEqual(maxPackBytes);
  });

  it('is cut into stages whose large tensors span packs', () => {
    const { description } = buildStage(decoder, { firstLayer: 1, lastLayer: 2 });
    expect(description.weightBytes).toBeGreaterThan(gibibyte);
    const spanning = description.weights.filter((file) => file.parts.length > 1);
    expect(spanning.length).toBeGreaterThan(0);
    for (const { parts } of spanning) {
      expect(parts.reduce((sum, part) => sum + part.length, 0)).toBeGreaterThan(maxPackBytes);
    }
  });
});

/** Encoders on disk as stages in memory, through the same import that the hub uses. Node only. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { importEncoder, readPackedEncoder, type EncoderImportOptions } from '@potluck/onnx';
import { directoryModelFiles } from '@potluck/onnx/node';
import { writeRandomEncoder, type RandomEncoderSettings } from '@potluck/onnx/testing';
import { ModelId, Sha256, type BlobRef } from '@potluck/protocol';
import type { StageArtifact } from '../contract/stage.ts';

type Pooling = Pick<EncoderImportOptions, 'pooling'>;

/** @param directory holds config.json, and in onnx/ the graph */
export async function importEncoderStage(directory: string, { pooling }: Pooling): Promise<StageArtifact> {
  const blobs = new Map<string, Uint8Array>();
  const put = async (bytes: Uint8Array): Promise<BlobRef> => {
    const sha256 = Sha256.parse(createHash('sha256').update(bytes).digest('hex'));
    blobs.set(sha256, bytes.slice());
    return { sha256, size: bytes.byteLength };
  };
  const imported = await importEncoder({
    files: directoryModelFiles(path.join(directory, 'onnx')),
    graphFile: 'model.onnx',
    config: JSON.parse(await readFile(path.join(directory, 'config.json'), 'utf8')),
    sink: { put },
    pooling,
    dense: [],
  });
  const { graph, description } = await readPackedEncoder(
    blobs.get(imported.graph.sha256) ?? new Uint8Array(),
  );
  return {
    graph,
    description: { ...description, model: ModelId.parse('encoder'), graph: imported.graph },
    weights: description.weights.map(({ path: file, parts }) => ({
      path: file,
      data: Buffer.concat(
        parts.map(({ sha256, offset, length }) =>
          (blobs.get(sha256) ?? new Uint8Array()).subarray(offset, offset + length),
        ),
      ),
    })),
  };
}

/** A random encoder, written to a temporary directory that is gone when this returns. */
export async function importRandomEncoder(
  settings: RandomEncoderSettings,
  pooling: Pooling = { pooling: ['mean'] },
): Promise<StageArtifact> {
  const directory = await mkdtemp(path.join(tmpdir(), 'potluck-encoder-'));
  try {
    await writeRandomEncoder(directory, settings);
    return await importEncoderStage(directory, pooling);
  } finally {
    await rm(directory, { recursive: true });
  }
}

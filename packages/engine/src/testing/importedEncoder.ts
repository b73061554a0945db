/** Encoders on disk as stages in memory, through the same import that the hub uses. Node only. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { importEncoder, readPackedEncoder, type EncoderImportOptions } from '@potluck/onnx';
import { directoryModelFiles } from '@potluck/onnx/node';
import { writeRandomEncoder, type RandomEncoderSettings } from '@potluck/onnx/testing';
import { ModelId } from '@potluck/protocol';
import type { StageArtifact } from '../contract/stage.ts';
import { ImportedBlobs } from './importedBlobs.ts';

type Pooling = Pick<EncoderImportOptions, 'pooling'>;

/** @param directory holds config.json, and in onnx/ the graph */
export async function importEncoderStage(directory: string, { pooling }: Pooling): Promise<StageArtifact> {
  const blobs = new ImportedBlobs();
  const imported = await importEncoder({
    files: directoryModelFiles(path.join(directory, 'onnx')),
    graphFile: 'model.onnx',
    config: JSON.parse(await readFile(path.join(directory, 'config.json'), 'utf8')),
    sink: blobs,
    pooling,
    dense: [],
  });
  const { graph, description } = await readPackedEncoder(blobs.get(imported.graph.sha256));
  return {
    graph,
    description: { ...description, model: ModelId.parse('encoder'), graph: imported.graph },
    weights: blobs.weightsOf(description.weights),
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

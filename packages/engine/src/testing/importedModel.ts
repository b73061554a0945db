/** Models on disk as stages in memory, through the same import and cut that the hub uses. Node only. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildStage, importDecoder, readPackedDecoder, type LayerRange } from '@potluck/onnx';
import { directoryModelFiles } from '@potluck/onnx/node';
import { writeRandomDecoder, type RandomDecoderSettings } from '@potluck/onnx/testing';
import { ModelId } from '@potluck/protocol';
import type { StageArtifact } from '../contract/stage.ts';
import { ImportedBlobs } from './importedBlobs.ts';

export interface ImportedModel {
  layerCount: number;
  stage(layers: LayerRange): StageArtifact;
  /** Cuts all layers into `count` stages of nearly equal length. */
  stages(count: number): StageArtifact[];
}

/** Of this process: importing a model takes longer than most of what tests do with it. */
const imported = new Map<string, Promise<ImportedModel>>();

/** Imports a model that does not change, once for all tests of a process. @param directory as `importModel` takes it */
export function importOnce(directory: string, graphFile: string): Promise<ImportedModel> {
  const file = path.join(directory, graphFile);
  const known = imported.get(file) ?? importModel(directory, graphFile);
  imported.set(file, known);
  return known;
}

/** @param directory holds config.json, and in onnx/ the graph */
export async function importModel(directory: string, graphFile = 'model.onnx'): Promise<ImportedModel> {
  const blobs = new ImportedBlobs();
  const imported = await importDecoder({
    files: directoryModelFiles(path.join(directory, 'onnx')),
    graphFile,
    config: JSON.parse(await readFile(path.join(directory, 'config.json'), 'utf8')),
    sink: blobs,
  });
  const decoder = await readPackedDecoder(blobs.get(imported.graph.sha256));
  const layerCount = imported.layers.length;
  const stage = (layers: LayerRange): StageArtifact => {
    const { graph, description } = buildStage(decoder, layers);
    return {
      graph,
      description: { ...description, model: ModelId.parse('test'), graph: imported.graph },
      weights: blobs.weightsOf(description.weights),
    };
  };
  return {
    layerCount,
    stage,
    stages: (count) =>
      Array.from({ length: count }, (_, index) =>
        stage({
          firstLayer: Math.floor((index * layerCount) / count),
          lastLayer: Math.floor(((index + 1) * layerCount) / count) - 1,
        }),
      ),
  };
}

/** A random decoder, written to a temporary directory that is gone when this returns. */
export async function importRandomModel(settings: RandomDecoderSettings): Promise<ImportedModel> {
  const directory = await mkdtemp(path.join(tmpdir(), 'potluck-engine-'));
  try {
    await writeRandomDecoder(directory, settings);
    return await importModel(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

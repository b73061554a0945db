/** Models on disk as stages in memory, through the same import and cut that the hub uses. Node only. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildStage, importDecoder, readPackedDecoder, type LayerRange } from '@potluck/onnx';
import { directoryModelFiles } from '@potluck/onnx/node';
import { writeRandomDecoder, type RandomDecoderSettings } from '@potluck/onnx/testing';
import { ModelId, Sha256, type BlobRef, type BlobSlice } from '@potluck/protocol';
import type { StageArtifact } from '../contract/stage.ts';

export interface ImportedModel {
  layerCount: number;
  stage(layers: LayerRange): StageArtifact;
  /** Cuts all layers into `count` stages of nearly equal length. */
  stages(count: number): StageArtifact[];
}

/** @param directory holds config.json, and in onnx/ the graph */
export async function importModel(directory: string, graphFile = 'model.onnx'): Promise<ImportedModel> {
  const blobs = new Map<string, Uint8Array>();
  const put = async (bytes: Uint8Array): Promise<BlobRef> => {
    const sha256 = Sha256.parse(createHash('sha256').update(bytes).digest('hex'));
    blobs.set(sha256, bytes.slice());
    return { sha256, size: bytes.byteLength };
  };
  const blob = (sha256: string): Uint8Array => {
    const bytes = blobs.get(sha256);
    if (!bytes) throw new RangeError(`No blob ${sha256}`);
    return bytes;
  };
  const imported = await importDecoder({
    files: directoryModelFiles(path.join(directory, 'onnx')),
    graphFile,
    config: JSON.parse(await readFile(path.join(directory, 'config.json'), 'utf8')),
    sink: { put },
  });
  const decoder = await readPackedDecoder(blob(imported.graph.sha256));
  const layerCount = imported.layers.length;
  const stage = (layers: LayerRange): StageArtifact => {
    const { graph, description } = buildStage(decoder, layers);
    return {
      graph,
      description: { ...description, model: ModelId.parse('test'), graph: imported.graph },
      weights: description.weights.map(({ path: file, parts }) => ({
        path: file,
        data: join(parts.map((part) => slice(blob(part.sha256), part))),
      })),
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

function slice(bytes: Uint8Array, { offset, length }: BlobSlice): Uint8Array {
  return bytes.subarray(offset, offset + length);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}

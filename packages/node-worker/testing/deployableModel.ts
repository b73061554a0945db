/** Models with their blobs in a scripted hub, through the same import and cut that the real hub uses. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildStage, importDecoder, readPackedDecoder } from '@potluck/onnx';
import { directoryModelFiles } from '@potluck/onnx/node';
import { writeRandomDecoder, type RandomDecoderSettings } from '@potluck/onnx/testing';
import { ModelId, type BlobRef, type StageDescription } from '@potluck/protocol';
import type { ScriptedHub } from '@potluck/worker/testing';

export interface DeployableModel {
  /** All layers in `count` stages of nearly equal length. */
  stages(count: number): StageDescription[];
}

export async function deployRandomModel(
  hub: Pick<ScriptedHub, 'addBlob'>,
  settings: RandomDecoderSettings,
): Promise<DeployableModel> {
  const directory = await mkdtemp(join(tmpdir(), 'potluck-model-'));
  try {
    await writeRandomDecoder(directory, { ...settings, tokenizer: false });
    return await deployModel(hub, directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** @param directory holds config.json, and in onnx/ the graph */
export async function deployModel(
  hub: Pick<ScriptedHub, 'addBlob'>,
  directory: string,
  graphFile = 'model.onnx',
): Promise<DeployableModel> {
  const blobs = new Map<string, Uint8Array>();
  const put = (bytes: Uint8Array): BlobRef => {
    const copy = bytes.slice();
    const ref = hub.addBlob(copy);
    blobs.set(ref.sha256, copy);
    return ref;
  };
  const imported = await importDecoder({
    files: directoryModelFiles(join(directory, 'onnx')),
    graphFile,
    config: JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')),
    sink: { put: async (bytes) => put(bytes) },
  });
  const decoder = await readPackedDecoder(blobs.get(imported.graph.sha256) as Uint8Array);
  const layerCount = imported.layers.length;
  return {
    stages: (count) =>
      Array.from({ length: count }, (_, index) => {
        const { graph, description } = buildStage(decoder, {
          firstLayer: Math.floor((index * layerCount) / count),
          lastLayer: Math.floor(((index + 1) * layerCount) / count) - 1,
        });
        return { ...description, model: ModelId.parse('random'), graph: put(graph) };
      }),
  };
}

/** Models whose sizes are those of real ones, and whose stages compute nothing. */
import { ModelId, Sha256, type BlobRef, type StageDescription } from '@potluck/protocol';
import { createHash } from 'node:crypto';
import type { Model } from '../models/model.ts';

export interface ModelSize {
  name: string;
  layers: number;
  layerBytes: number;
  /** Bytes of cache for one token of one layer. */
  cacheBytes: number;
}

/** @returns a model that counts its cuts in `cuts.pending` while they are made */
export function sizedModel(
  { name, layers, layerBytes, cacheBytes }: ModelSize,
  cuts: { pending: number } = { pending: 0 },
): Model {
  const id = ModelId.parse(name);
  const packs = Array.from({ length: layers }, (_, layer) => blob(`${name} ${layer}`, layerBytes));
  const contextLength = 8192;
  const vocabularySize = 32_000;
  return {
    package: {
      ...{ formatVersion: 1, id, source: 'test', importedAt: 0, graph: blob(name, 1), packs, files: [] },
      layers: packs.map(() => ({
        ...{ weightBytes: layerBytes, cacheBytesPerToken: cacheBytes, stateBytes: 0, boundary: [] },
      })),
      ...{ embeddingBytes: 0, headBytes: 0, tiedBytes: 0, sharedWeights: [], vocabularySize, contextLength },
      ...{ stopTokenIds: [2], parameterCount: 0, float16: false, notes: [] },
    },
    tokenizer: { warmUp: () => undefined } as Model['tokenizer'],
    cutStage: async (firstLayer, lastLayer): Promise<StageDescription> => {
      cuts.pending++;
      await Promise.resolve();
      cuts.pending--;
      const count = lastLayer - firstLayer + 1;
      return {
        ...{ model: id, layerCount: layers, firstLayer, lastLayer, vocabularySize, contextLength },
        graph: blob(`${name} ${firstLayer}-${lastLayer}`, 1),
        packs: packs.slice(firstLayer, lastLayer + 1),
        ...{ weights: [], inputs: [], boundaryIn: [], boundaryOut: [], caches: [] },
        ...{ weightBytes: count * layerBytes, cacheBytesPerToken: count * cacheBytes, stateBytes: 0 },
      };
    },
  };
}

function blob(text: string, size: number): BlobRef {
  return { sha256: Sha256.parse(createHash('sha256').update(text).digest('hex')), size };
}

/** A model whose stages compute nothing; its tokenizer is the built-in model's. */
import { createHash } from 'node:crypto';
import {
  ModelId,
  Sha256,
  type BlobRef,
  type DeviceKind,
  type RerankerDescription,
  type StageDescription,
} from '@potluck/protocol';
import { builtInModelDirectory } from '../models/builtInModel.ts';
import type { Model } from '../models/model.ts';
import { loadTokenizer, type Tokenizer } from '../models/tokenizer.ts';

export interface TestModelInit {
  id?: string;
  layers?: number;
  layerBytes?: number;
  contextLength?: number;
  float16?: boolean;
  /** Width of what crosses between layers; by default the package does not tell. */
  width?: number;
  deviceKinds?: DeviceKind[];
  reranker?: RerankerDescription;
  /** Default: the built-in model's. */
  tokenizer?: Tokenizer;
  /** What stages' descriptions say beside, where stages run. By default they say nothing of what goes in and out. */
  describe?: (stage: StageDescription) => Partial<StageDescription>;
}

const cacheBytesPerLayerToken = 100;
/** The built-in tokenizer's end of a turn. */
export const testStopToken = 2;
const vocabularySize = 6400;

/** One for all models of a test file, with its thread. */
let tokenizer: Promise<Tokenizer> | undefined;

export async function testModel(init: TestModelInit = {}): Promise<Model> {
  const { id = 'test-model', layers = 8, layerBytes = 1_000_000, contextLength = 4096 } = init;
  const { float16 = false, width } = init;
  const model = ModelId.parse(id);
  return {
    package: {
      formatVersion: 1,
      id: model,
      source: 'test',
      importedAt: 1_700_000_000,
      graph: blobRef('graph'),
      packs: [],
      files: [],
      layers: Array.from({ length: layers }, (_, layer) => ({
        weightBytes: layerBytes,
        cacheBytesPerToken: cacheBytesPerLayerToken,
        stateBytes: 0,
        boundary:
          width === undefined || layer === 0
            ? []
            : [{ name: 'hidden', type: 'float32', dims: [1, 'step', width] }],
      })),
      embeddingBytes: 0,
      headBytes: 0,
      tiedBytes: 0,
      sharedWeights: [],
      vocabularySize,
      contextLength,
      stopTokenIds: [testStopToken],
      parameterCount: 0,
      float16,
      ...(init.deviceKinds ? { deviceKinds: init.deviceKinds } : {}),
      ...(init.reranker ? { reranker: init.reranker } : {}),
      notes: [],
    },
    tokenizer: init.tokenizer ?? (await (tokenizer ??= loadTokenizer(builtInModelDirectory()))),
    cutStage: async (firstLayer, lastLayer): Promise<StageDescription> => {
      const count = lastLayer - firstLayer + 1;
      const stage: StageDescription = {
        model,
        layerCount: layers,
        firstLayer,
        lastLayer,
        graph: blobRef(`${firstLayer}-${lastLayer}`),
        packs: [],
        weights: [],
        inputs: [],
        boundaryIn: [],
        boundaryOut: [],
        caches: [],
        vocabularySize,
        contextLength,
        weightBytes: count * layerBytes,
        cacheBytesPerToken: count * cacheBytesPerLayerToken,
        stateBytes: 0,
      };
      return { ...stage, ...init.describe?.(stage) };
    },
  };
}

function blobRef(text: string): BlobRef {
  return { sha256: Sha256.parse(createHash('sha256').update(text).digest('hex')), size: text.length };
}

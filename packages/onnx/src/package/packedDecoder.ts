/** A decoder whose weights are in packs: what stages are built from, and how it is kept in one graph blob. */
import {
  BlobRef,
  Sha256,
  StageCache,
  StageInput,
  StageTensor,
  type BlobRef as BlobRefType,
  type WeightFile,
} from '@potluck/protocol';
import { z } from 'zod';
import { OnnxFormatError } from '../errors.ts';
import type { DecoderAnatomy } from '../cut/analyseDecoder.ts';
import { memoryByteSource } from '../files/memoryModelFiles.ts';
import { indexGraph, type GraphIndex } from '../graph/graphIndex.ts';
import type { OnnxModel } from '../model.ts';
import { readModel } from '../protobuf/readModel.ts';
import { writeModel } from '../protobuf/writeModel.ts';

export interface PackedDecoder {
  /** The rewritten graph; its weights are ranges of `weightFiles`. The lengths of a step are inputs of it. */
  model: OnnxModel;
  index: GraphIndex;
  anatomy: DecoderAnatomy;
  /** Longest sequence served, in tokens. */
  contextLength: number;
  packs: BlobRefType[];
  /** By path. */
  weightFiles: Map<string, WeightFile>;
}

/** Key of the description in the graph's metadata. */
const metadataKey = 'potluck.decoder';

const graphName = 'decoder.onnx';

/** Tensors may refer to any pack; ranges are checked against the packs once these are known. */
const anySizeBytes = 2 ** 50;

const PackedDescription = z.object({
  formatVersion: z.literal(1),
  contextLength: z.number().int().positive(),
  packs: z.array(BlobRef),
  /** Packs of the tensors that span several, by path. Any other path is the name of one pack. */
  spanning: z.record(z.string(), z.array(Sha256)),
  anatomy: z.object({
    inputs: z.array(StageInput),
    logits: StageTensor,
    caches: z.array(StageCache),
    layerCount: z.number().int().positive(),
    boundaries: z.array(z.array(StageTensor)),
    embeddingValues: z.array(z.string()),
    headValues: z.array(z.string()),
    lengths: z.object({ step: z.string(), past: z.string(), total: z.string() }),
  }),
});

/** The files that tensors may name: each pack by its hash, and each run of packs that one tensor spans. */
export function weightFilesOf(
  packs: readonly BlobRefType[],
  spanning: ReadonlyMap<string, readonly BlobRefType[]>,
): Map<string, WeightFile> {
  const files = new Map<string, WeightFile>();
  const add = (path: string, parts: readonly BlobRefType[]): void => {
    files.set(path, { path, parts: parts.map(({ sha256, size }) => ({ sha256, offset: 0, length: size })) });
  };
  for (const pack of packs) add(pack.sha256, [pack]);
  for (const [path, parts] of spanning) add(path, parts);
  return files;
}

/** The graph blob of a packed decoder. */
export function writePackedDecoder(decoder: Omit<PackedDecoder, 'index'>): Uint8Array<ArrayBuffer> {
  const isSpanning = (file: WeightFile): boolean => !decoder.packs.some((pack) => pack.sha256 === file.path);
  const description: z.input<typeof PackedDescription> = {
    formatVersion: 1,
    contextLength: decoder.contextLength,
    packs: decoder.packs,
    spanning: Object.fromEntries(
      [...decoder.weightFiles.values()]
        .filter(isSpanning)
        .map((file) => [file.path, file.parts.map((part) => part.sha256)]),
    ),
    anatomy: decoder.anatomy,
  };
  return writeModel({ ...decoder.model, metadata: new Map([[metadataKey, JSON.stringify(description)]]) });
}

/**
 * Reads a graph blob again.
 * @throws {OnnxFormatError} if it is not one, or a tensor reaches past its packs
 */
export async function readPackedDecoder(graph: Uint8Array): Promise<PackedDecoder> {
  const model = await readModel(
    {
      open: async (name) =>
        name === graphName
          ? memoryByteSource(graph)
          : {
              size: anySizeBytes,
              read: () => Promise.reject(new OnnxFormatError('a small tensor outside the graph', name)),
            },
    },
    graphName,
  );
  const description = parseDescription(model.metadata?.get(metadataKey));
  const packs = new Map(description.packs.map((pack) => [pack.sha256, pack]));
  const spanning = Object.entries(description.spanning).map(([path, names]) => {
    const parts = names.flatMap((name) => packs.get(name) ?? []);
    if (parts.length !== names.length)
      throw new OnnxFormatError(`${path} names a pack that is not there`, graphName);
    return [path, parts] as const;
  });
  const weightFiles = weightFilesOf(description.packs, new Map(spanning));
  checkRanges(model, weightFiles);
  return {
    model,
    index: indexGraph(model.graph),
    anatomy: description.anatomy,
    contextLength: description.contextLength,
    packs: description.packs,
    weightFiles,
  };
}

function parseDescription(text: string | undefined): z.output<typeof PackedDescription> {
  if (text === undefined) throw new OnnxFormatError('no description of a packed decoder', graphName);
  try {
    return PackedDescription.parse(JSON.parse(text));
  } catch (cause) {
    throw new OnnxFormatError('a malformed description of a packed decoder', graphName, { cause });
  }
}

function checkRanges(model: OnnxModel, files: ReadonlyMap<string, WeightFile>): void {
  for (const { name, data } of model.graph.initializers.values()) {
    if (data.kind !== 'range') continue;
    const size = files.get(data.file)?.parts.reduce((sum, part) => sum + part.length, 0) ?? 0;
    if (data.offset + data.length > size) {
      throw new OnnxFormatError(`tensor ${name} reaches past its packs`, graphName);
    }
  }
}

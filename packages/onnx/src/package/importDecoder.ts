/** Imports a decoder: read, rewrite, cut, pack. */
import type { BlobRef, ModelPackage, PackageLayer } from '@potluck/protocol';
import { analyseDecoder, type DecoderAnatomy } from '../cut/analyseDecoder.ts';
import { readDecoderConfig, type DecoderConfig } from '../cut/decoderConfig.ts';
import { OnnxFormatError, UnsupportedModelError } from '../errors.ts';
import { indexGraph } from '../graph/graphIndex.ts';
import { simplifyGraph } from '../graph/simplifyGraph.ts';
import type { OnnxTensor } from '../model.ts';
import { openOnce, type FileSizes } from '../protobuf/fileSizes.ts';
import { readModel } from '../protobuf/readModel.ts';
import { rewriteDecoder } from '../rewrites/index.ts';
import type { ModelFiles } from '../source.ts';
import { cacheSizes } from '../stage/cacheSizes.ts';
import { countParameters } from './countParameters.ts';
import { weightFilesOf, writePackedDecoder } from './packedDecoder.ts';
import { usesFloat16 } from './usesFloat16.ts';
import { bytesOf, packWeights, type BlobSink, type ImportProgress } from './packWeights.ts';
import { partsOfWeights, type DecoderPart } from './weightParts.ts';

export interface ImportOptions {
  files: ModelFiles;
  /** Name of the .onnx file in `files`. */
  graphFile: string;
  /** The parsed config.json. */
  config: unknown;
  /** Longest sequence to serve, in tokens. Default and upper bound: what the configuration says, else 2048. */
  contextLength?: number;
  /** Takes the packs as they are made, and the graph at the end. */
  sink: BlobSink;
  onProgress?: (progress: ImportProgress) => void;
  signal?: AbortSignal;
}

/** What importing finds out; the caller adds who, when and where from. */
export type ImportedDecoder = Omit<
  ModelPackage,
  'formatVersion' | 'id' | 'source' | 'license' | 'importedAt' | 'files'
>;

/** Tokens served where neither the caller nor the configuration says. */
const defaultContextLength = 2048;

/**
 * Imports a decoder in one pass over its weights, with at most one pack and one tensor in memory.
 * @throws {OnnxFormatError} if a file is malformed
 * @throws {UnsupportedModelError} naming what can't be cut
 * @throws {ModelFileError} if a file is missing or can't be read
 * @throws the signal's reason, when aborted
 */
export async function importDecoder(options: ImportOptions): Promise<ImportedDecoder> {
  const { graphFile, sink, signal } = options;
  const config = readDecoderConfig(options.config);
  const files = openOnce(options.files);
  const model = await readModel(options.files, graphFile);
  signal?.throwIfAborted();
  simplifyGraph(model.graph);
  const contextLength = chooseContext(options.contextLength, config);
  const notes: string[] = [];
  notes.push(
    ...(await rewriteDecoder(model, {
      contextLength,
      readTensor: (tensor) => readTensorBytes(tensor, files),
    })),
  );
  const float16 = usesFloat16(model.graph);
  const anatomy = analyseDecoder(model.graph, config, notes);
  // Annotations have served; names of dimensions mean nothing in a part of the graph.
  model.graph.values = [];
  const { graph } = model;
  const parts = partsOfWeights(graph, indexGraph(graph), anatomy);
  const sizes = new Map([...graph.initializers].map(([name, tensor]) => [name, bytesOf(tensor)]));
  const parameterCount = countParameters(graph);
  const { packs, spanning } = await packWeights(graph, parts, files, sink, {
    onProgress: options.onProgress,
    signal,
  });
  const weightFiles = weightFilesOf(packs, spanning);
  const blob: BlobRef = await sink.put(
    writePackedDecoder({ model, anatomy, contextLength, packs, weightFiles }),
  );
  const bytesWhere = (isWanted: (needing: DecoderPart[]) => boolean): number =>
    [...parts].reduce((sum, [name, needing]) => sum + (isWanted(needing) ? (sizes.get(name) ?? 0) : 0), 0);
  const isOnly = (part: DecoderPart) => (needing: DecoderPart[]) =>
    needing.length === 1 && needing[0] === part;
  return {
    graph: blob,
    packs,
    layers: describeLayers(anatomy, (layer) => bytesWhere(isOnly(layer))),
    embeddingBytes: bytesWhere(isOnly('embedding')),
    headBytes: bytesWhere(isOnly('head')),
    tiedBytes: bytesWhere((needing) => needing.includes('embedding') && needing.includes('head')),
    vocabularySize: vocabularyOf(anatomy),
    contextLength,
    stopTokenIds: config.stopTokenIds,
    parameterCount,
    float16,
    notes,
  };
}

function chooseContext(wanted: number | undefined, config: DecoderConfig): number {
  const most = config.maxContextLength ?? defaultContextLength;
  if (wanted === undefined) return most;
  if (!Number.isSafeInteger(wanted) || wanted < 1) throw new RangeError(`Not a context length: ${wanted}`);
  return Math.min(wanted, most);
}

function describeLayers(anatomy: DecoderAnatomy, weightBytes: (layer: number) => number): PackageLayer[] {
  return Array.from({ length: anatomy.layerCount }, (_, layer) => ({
    weightBytes: weightBytes(layer),
    ...cacheSizes(anatomy.caches.filter((cache) => cache.layer === layer)),
    boundary: anatomy.boundaries[layer] ?? [],
  }));
}

function vocabularyOf(anatomy: DecoderAnatomy): number {
  const size = anatomy.logits.dims.at(-1);
  if (typeof size !== 'number')
    throw new UnsupportedModelError('a vocabulary of unknown size', anatomy.logits.name);
  return size;
}

async function readTensorBytes({ name, data }: OnnxTensor, files: FileSizes): Promise<Uint8Array> {
  if (data.kind === 'inline') return data.bytes;
  if (data.kind === 'computed') return data.compute();
  // One typed array holds no more; weights that are rewritten are far smaller.
  if (data.length > 2 ** 31 - 1) throw new OnnxFormatError('a tensor too large to rewrite', name);
  return files.read(data.file, data.offset, data.length);
}

/** Imports a decoder: read, rewrite, cut, pack. */
import type { BlobRef, ModelPackage, PackageLayer } from '@potluck/protocol';
import { analyseDecoder, type DecoderAnatomy } from '../cut/analyseDecoder.ts';
import type { DecoderConfig } from '../cut/decoderConfig.ts';
import { OnnxFormatError, UnsupportedModelError } from '../errors.ts';
import { indexGraph } from '../graph/graphIndex.ts';
import { simplifyGraph } from '../graph/simplifyGraph.ts';
import type { OnnxTensor } from '../model.ts';
import { openOnce, type FileSizes } from '../protobuf/fileSizes.ts';
import { rewriteDecoder } from '../rewrites/index.ts';
import type { ModelFiles } from '../source.ts';
import { cacheSizes } from '../stage/cacheSizes.ts';
import { countParameters } from './countParameters.ts';
import { weightFilesOf, writePackedDecoder } from './packedDecoder.ts';
import { usesFloat16 } from './usesFloat16.ts';
import { bytesOf, packWeights, type BlobSink, type ImportProgress } from './packWeights.ts';
import { readDecoderGraph } from './readDecoderGraph.ts';
import { stepBytes } from './stepBytes.ts';
import { partIngredients, partsOfWeights, type DecoderPart } from './weightParts.ts';
import { weighParts, type PartWeights } from './weighParts.ts';

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
  const files = openOnce(options.files);
  const { model, config, deviceKinds } = await readDecoderGraph(options.files, graphFile, options.config);
  signal?.throwIfAborted();
  simplifyGraph(model.graph);
  const contextLength = chooseContext(options.contextLength, config);
  const notes: string[] = [];
  if (deviceKinds) {
    notes.push(
      'Needs WebGPU or CUDA: its attention normalises queries and keys itself. Another variant runs anywhere.',
    );
  }
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
  const index = indexGraph(graph);
  const ingredients = partIngredients(graph, index, anatomy);
  const parts = partsOfWeights(ingredients);
  const read = new Map([...ingredients].map(([part, found]) => [part, stepBytes(graph, index, found)]));
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
  const weights = weighParts(parts, sizes);
  return {
    graph: blob,
    packs,
    layers: describeLayers(anatomy, weights, read),
    embeddingBytes: weights.ofPart('embedding'),
    headBytes: weights.ofPart('head'),
    tiedBytes: weights.tiedBytes,
    sharedWeights: weights.shared,
    vocabularySize: vocabularyOf(anatomy),
    contextLength,
    stopTokenIds: config.stopTokenIds,
    parameterCount,
    float16,
    ...(deviceKinds ? { deviceKinds } : {}),
    notes,
  };
}

function chooseContext(wanted: number | undefined, config: DecoderConfig): number {
  const most = config.maxContextLength ?? defaultContextLength;
  if (wanted === undefined) return most;
  if (!Number.isSafeInteger(wanted) || wanted < 1) throw new RangeError(`Not a context length: ${wanted}`);
  return Math.min(wanted, most);
}

/** @param read bytes that a step reads of each part */
function describeLayers(
  anatomy: DecoderAnatomy,
  weights: PartWeights,
  read: ReadonlyMap<DecoderPart, number>,
): PackageLayer[] {
  const readOf = (part: DecoderPart): number => read.get(part) ?? 0;
  return Array.from({ length: anatomy.layerCount }, (_, layer) => ({
    weightBytes: weights.ofPart(layer),
    stepBytes:
      readOf(layer) +
      (layer === 0 ? readOf('embedding') : 0) +
      (layer === anatomy.layerCount - 1 ? readOf('head') : 0),
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

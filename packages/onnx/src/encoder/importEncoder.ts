/** Imports an encoder: read, append pooling, pack. It stays whole, so it is one layer. */
import type { BlobRef, ModelPackage, StageTensor } from '@potluck/protocol';
import { readDecoderConfig } from '../cut/decoderConfig.ts';
import { UnsupportedModelError } from '../errors.ts';
import { indexGraph } from '../graph/graphIndex.ts';
import { removeUnused, simplifyGraph } from '../graph/simplifyGraph.ts';
import type { OnnxModel } from '../model.ts';
import { countParameters } from '../package/countParameters.ts';
import { devicesFor } from '../package/devicesFor.ts';
import { bytesOf, packWeights } from '../package/packWeights.ts';
import { weightFilesOf } from '../package/packedDecoder.ts';
import { readGraph } from '../package/readGraph.ts';
import { stepBytes } from '../package/stepBytes.ts';
import { usesFloat16 } from '../package/usesFloat16.ts';
import { collectIngredients } from '../package/weightParts.ts';
import type { ImportOptions } from '../package/importDecoder.ts';
import { openOnce } from '../protobuf/fileSizes.ts';
import { readEncoder, type EncoderGraph } from './encoderGraph.ts';
import { writePackedEncoder } from './packedEncoder.ts';
import { appendDense, appendFloat32, appendPooling, type DenseLayer, type PoolingMode } from './pooling.ts';
import { longestText } from './textLength.ts';

export interface EncoderImportOptions extends ImportOptions {
  /** Of a model that gives a vector for each token. */
  pooling: readonly PoolingMode[];
  /** Layers behind it. */
  dense: readonly DenseLayer[];
  /** Longest text that the model was made for, in tokens. Default: what config.json says, else 512. */
  maxTokens?: number | undefined;
}

/** What importing finds out; the caller adds who, when and where from, and how the model is asked. */
export type ImportedEncoder = Omit<
  ModelPackage,
  'formatVersion' | 'id' | 'source' | 'license' | 'importedAt' | 'files' | 'encoder'
> & {
  gives: EncoderGraph['gives'];
  /** Numbers that come out for a text. */
  size: number;
};

const usualMaxTokens = 512;

/**
 * Imports an encoder in one pass over its weights, with at most one pack and one tensor in memory.
 * @throws {OnnxFormatError} {UnsupportedModelError} {ModelFileError} as `importDecoder`; the signal's reason, when aborted
 */
export async function importEncoder(options: EncoderImportOptions): Promise<ImportedEncoder> {
  const { graphFile, sink, signal } = options;
  const config = readDecoderConfig(options.config);
  const model = await readGraph(options.files, graphFile);
  signal?.throwIfAborted();
  simplifyGraph(model.graph);
  const encoder = readEncoder(model.graph);
  const notes: string[] = [];
  const deviceKinds = devicesFor(model.graph);
  const output = appendOutput(model, encoder, options);
  const size = sizeOf(encoder, options, config.hiddenSize, model);
  const encoding: StageTensor = { name: output, type: 'float32', dims: [1, size] };
  model.graph.outputs = [encoding];
  model.graph.values = [];
  removeUnused(model.graph);
  const float16 = usesFloat16(model.graph);
  const { graph } = model;
  const read = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  graph.inputs = graph.inputs.filter(({ name }) => read.has(name));
  const inputs = encoder.inputs.filter(({ name }) => read.has(name));
  const index = indexGraph(graph);
  const ingredients = collectIngredients(graph, index, [output], new Set());
  const weightBytes = [...graph.initializers.values()].reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  const parameterCount = countParameters(graph);
  const tokenBytes = stepBytes(graph, index, ingredients);
  const { packs, spanning } = await packWeights(
    graph,
    new Map([...ingredients.weights].map((name) => [name, [0]])),
    openOnce(options.files),
    sink,
    { onProgress: options.onProgress, signal },
  );
  const files = weightFilesOf(packs, spanning);
  const named = new Set(
    [...graph.initializers.values()].flatMap(({ data }) => (data.kind === 'range' ? [data.file] : [])),
  );
  const vocabularySize = config.vocabularySize ?? vocabularyOf(model, encoder);
  const most = Math.min(
    options.maxTokens ?? config.maxContextLength ?? usualMaxTokens,
    options.contextLength ?? Infinity,
  );
  const shape = { heads: headsOf(options.config), hiddenSize: config.hiddenSize };
  const contextLength = longestText(shape, weightBytes, most);
  if (contextLength < most) {
    notes.push(
      `Texts may have ${contextLength} of the model's ${most} tokens: longer ones need more memory than is counted for it.`,
    );
  }
  const blob: BlobRef = await sink.put(
    writePackedEncoder(model, {
      layerCount: 1,
      firstLayer: 0,
      lastLayer: 0,
      packs,
      weights: [...files.values()].filter(({ path }) => named.has(path)),
      inputs,
      boundaryIn: [],
      boundaryOut: [],
      caches: [],
      encoding,
      vocabularySize,
      contextLength,
      weightBytes,
      cacheBytesPerToken: 0,
      stateBytes: 0,
    }),
  );
  return {
    gives: encoder.gives,
    size,
    graph: blob,
    packs,
    layers: [{ weightBytes, stepBytes: tokenBytes, cacheBytesPerToken: 0, stateBytes: 0, boundary: [] }],
    embeddingBytes: 0,
    headBytes: 0,
    tiedBytes: 0,
    sharedWeights: [],
    vocabularySize,
    contextLength,
    stopTokenIds: [],
    parameterCount,
    float16,
    ...(deviceKinds ? { deviceKinds } : {}),
    notes,
  };
}

/** @returns name of the value that the encoder ends in, float32 [batch, size] */
function appendOutput(
  model: OnnxModel,
  { gives, output, inputs }: EncoderGraph,
  { pooling, dense }: Pick<EncoderImportOptions, 'pooling' | 'dense'>,
): string {
  if (gives !== 'token-vectors') return appendFloat32(model, output.name);
  const mask = inputs.find(({ role }) => role === 'attention-mask');
  if (!mask)
    throw new UnsupportedModelError('an encoder without an attention mask', model.graph.name || 'graph');
  const pooled = appendPooling(model, { tokens: output.name, mask: mask.name }, pooling);
  return appendDense(model, pooled, dense);
}

function sizeOf(
  { gives, output }: EncoderGraph,
  { pooling, dense }: Pick<EncoderImportOptions, 'pooling' | 'dense'>,
  hiddenSize: number | undefined,
  { graph }: OnnxModel,
): number {
  const width = output.dims.at(-1);
  const known = typeof width === 'number' ? width : gives === 'scores' ? 1 : hiddenSize;
  if (known === undefined)
    throw new UnsupportedModelError('vectors of unknown length', graph.name || 'graph');
  if (gives !== 'token-vectors') return known;
  return dense.at(-1)?.outputSize ?? known * pooling.length;
}

/** Rows of the matrix in which token ids are looked up. */
function vocabularyOf({ graph }: OnnxModel, { inputs }: EncoderGraph): number {
  const ids = inputs.find(({ role }) => role === 'token-ids')?.name;
  const node = graph.nodes.find(({ opType, inputs: [, index] }) => opType === 'Gather' && index === ids);
  const rows = graph.initializers.get(node?.inputs[0] ?? '')?.dims[0];
  if (rows === undefined) throw new UnsupportedModelError('a vocabulary of unknown size', ids ?? 'input_ids');
  return rows;
}

function headsOf(config: unknown): number | undefined {
  const { num_attention_heads: heads } = { ...(config as { num_attention_heads?: unknown } | null) };
  return typeof heads === 'number' && heads > 0 ? heads : undefined;
}

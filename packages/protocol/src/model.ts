/** What a model package holds and what one stage of it looks like to the worker that runs it. */
import { z } from 'zod';
import { ModelId, Sha256 } from './ids.ts';

/** Largest blob that carries weights, in bytes (64 MiB); a larger tensor spans several. */
export const maxPackBytes = 64 * 1024 * 1024;

/** Largest stage graph, in bytes (64 MiB): it holds no weights, and those of 70 layers in the old style take 20 MiB. */
export const maxGraphBytes = 64 * 1024 * 1024;

/** Largest vocabulary, in bytes (64 MiB): one of 260,000 tokens takes 3. */
export const maxVocabularyBytes = 64 * 1024 * 1024;

/** A non-negative integer that a JavaScript number holds exactly. */
const count = z.number().int().nonnegative();

/** Tensor element types, named as ONNX Runtime names them. */
export const ElementType = z.enum([
  'float32',
  'float16',
  'float64',
  'int64',
  'uint64',
  'int32',
  'uint32',
  'int16',
  'uint16',
  'int8',
  'uint8',
  'bool',
  'int4',
  'uint4',
]);
export type ElementType = z.infer<typeof ElementType>;

/**
 * One axis of a stage's tensor: a fixed length, or
 * - `step`: the tokens of this step,
 * - `past`: the tokens in the cache before it,
 * - `total`: past + step.
 * The batch axis is always 1 for now, and written as 1.
 */
export const Dimension = z.union([count, z.enum(['step', 'past', 'total'])]);
export type Dimension = z.infer<typeof Dimension>;

/** A tensor that enters or leaves a stage. */
export const StageTensor = z.object({
  name: z.string().min(1),
  type: ElementType,
  dims: z.array(Dimension).max(8),
});
export type StageTensor = z.infer<typeof StageTensor>;

/**
 * An input that every stage derives by itself from (position, step length):
 * - `token-ids` [1, step]: only where the embedding is in the stage;
 * - `attention-mask` [1, total]: all ones;
 * - `position-ids` [1, step]: position, position + 1, …
 * - `token-types` [1, step], of encoders: which of two texts a token is of, 0 or 1.
 */
export const StageInput = StageTensor.extend({
  role: z.enum(['token-ids', 'attention-mask', 'position-ids', 'token-types']),
});
export type StageInput = z.infer<typeof StageInput>;

/** One cache tensor of one layer: what goes in as past, what comes back as present. */
export const StageCache = z.object({
  /** Layer counted from 0 over the whole model. */
  layer: count,
  /**
   * `attention`: grows by one row a token along `sequenceAxis`; can be truncated.
   * `state`: of fixed size and overwritten each step (convolution, recurrence); can be forked, not truncated.
   */
  kind: z.enum(['attention', 'state']),
  /** Name of the graph input that takes the past. */
  input: z.string().min(1),
  /** Name of the graph output that returns the present. */
  output: z.string().min(1),
  type: ElementType,
  /** Shape of the input; the sequence axis of an `attention` cache is `past`. */
  dims: z.array(Dimension).max(8),
  /** Axis of `dims` that grows; only for `attention`. */
  sequenceAxis: count.optional(),
  /**
   * True where only a GroupQueryAttention node reads the past and writes the present, so that one buffer longer
   * than the tokens in it may be fed as past (the mask says how much of it counts).
   */
  capacityPadded: z.boolean(),
});
export type StageCache = z.infer<typeof StageCache>;

/** A blob by name and size in bytes. */
export const BlobRef = z.object({ sha256: Sha256, size: count });
export type BlobRef = z.infer<typeof BlobRef>;

/** A range of a blob, in bytes: [offset, offset + length). */
export const BlobSlice = z.object({ sha256: Sha256, offset: count, length: count });
export type BlobSlice = z.infer<typeof BlobSlice>;

/** One external data file that a stage graph names, put together from ranges of packs, in order. */
export const WeightFile = z.object({
  /** A plain name: workers lay the file out in a folder under it. */
  path: z
    .string()
    .max(200)
    .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'a file name without folders'),
  parts: z.array(BlobSlice).min(1),
});
export type WeightFile = z.infer<typeof WeightFile>;

/** Everything a worker needs to run layers `firstLayer` to `lastLayer` (inclusive, counted from 0). */
export const StageDescription = z.object({
  model: ModelId,
  layerCount: count,
  firstLayer: count,
  lastLayer: count,
  /** The stage graph (an ONNX file without weights). */
  graph: BlobRef.extend({ size: count.max(maxGraphBytes) }),
  /** The packs that hold the stage's weights, each once. */
  packs: z.array(BlobRef.extend({ size: count.max(maxPackBytes) })),
  /** External data files named in the graph. */
  weights: z.array(WeightFile),
  inputs: z.array(StageInput),
  /** Tensors from the previous stage, in frame order; empty where the stage starts with token ids. */
  boundaryIn: z.array(StageTensor),
  /** Tensors for the next stage, in frame order; empty at the last stage. */
  boundaryOut: z.array(StageTensor),
  caches: z.array(StageCache),
  /** Only at the last stage: logits of the last position, [1, 1, vocabulary]. */
  logits: StageTensor.optional(),
  /**
   * Only of an encoder, whose one stage is the whole model and has no caches: what it makes of a text, [1, size]. A vector, or
   * a score for each class.
   */
  encoding: StageTensor.optional(),
  /** Only at the last stage, where the model has one: what each token stands for, to hold answers to a constraint. */
  vocabulary: BlobRef.extend({ size: count.max(maxVocabularyBytes) }).optional(),
  vocabularySize: count,
  /** Longest sequence served, in tokens. */
  contextLength: count,
  /** Bytes of weights in this stage. */
  weightBytes: count,
  /** Bytes of cache for one token over all attention caches of the stage. */
  cacheBytesPerToken: count,
  /** Bytes of fixed-size state for one session. */
  stateBytes: count,
});
export type StageDescription = z.infer<typeof StageDescription>;

/** One layer of a model package, for placement and for people to look at. */
export const PackageLayer = z.object({
  /** Bytes of weights that this layer alone needs. */
  weightBytes: count,
  /**
   * Bytes of weights that a step of one token reads here: all of a matrix, next to nothing of an embedding, of experts
   * those that one token needs. With the embedding in the first layer, with the head in the last one. Absent in packages of
   * older imports.
   */
  stepBytes: count.optional(),
  cacheBytesPerToken: count,
  stateBytes: count,
  /** Tensors of the boundary before this layer (for layer 0: none; it starts with token ids). */
  boundary: z.array(StageTensor),
});
export type PackageLayer = z.infer<typeof PackageLayer>;

/** A file of the source repository kept beside the weights (configuration, tokenizer, license). */
export const PackageFile = z.object({
  name: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/),
  blob: BlobRef,
});
export type PackageFile = z.infer<typeof PackageFile>;

/** Weights that several parts of a model need: a stage with any of these parts holds them once. */
export const SharedWeights = z.object({
  /** `embedding`, `head`, or a layer counted from 0. */
  parts: z.array(z.union([z.enum(['embedding', 'head']), count])).min(2),
  bytes: count,
});
export type SharedWeights = z.infer<typeof SharedWeights>;

/** Kinds of devices that run stages. */
export const DeviceKind = z.enum(['cpu', 'webgpu', 'cuda', 'wasm']);
export type DeviceKind = z.infer<typeof DeviceKind>;

/** Longest vector, in numbers: its base64 fits into a worker's message. */
export const maxEncodingSize = 8192;

/** What an encoder makes of texts, and how it is asked. */
export const EncoderDescription = z.object({
  /** `embeddings`: a vector for each text. `rerank`: a score for a query and a document. */
  task: z.enum(['embeddings', 'rerank']),
  /** Numbers that come out for each text. */
  size: count.min(1).max(maxEncodingSize),
  /** What is made of the outputs of all tokens, for people: such as `mean`. */
  pooling: z.string().max(200),
  /** Whether vectors are brought to length 1. */
  normalizes: z.boolean(),
  /** Shorter vectors that the model was trained for (Matryoshka): any length, or these. Missing: none. */
  shorter: z.union([z.literal('any'), z.array(count.min(1)).min(1).max(100)]).optional(),
  /** What is put before a text, by the prompt's name. */
  prompts: z.record(z.string().max(100), z.string().max(10_000)),
  /** Of `prompts`: the one that is taken where a request names none. */
  defaultPrompt: z.string().optional(),
  /** Whether texts are brought to lower case before they are cut into tokens. */
  lowerCase: z.boolean(),
  /** With `rerank`: whether a score is a probability (sigmoid) or what the model gives. */
  activation: z.enum(['sigmoid', 'identity']).optional(),
});
export type EncoderDescription = z.infer<typeof EncoderDescription>;

/** A model that writes, and rates a document by what it would write: the logits of two tokens behind the prompt that its template makes. */
export const RerankerDescription = z.object({
  /** Token ids: the score is the first one's logit less the second one's. */
  trueTokenId: count,
  falseTokenId: count,
  /** What is asked of the documents, as the system prompt; missing: what the template says. */
  instruction: z.string().max(10_000).optional(),
  /** Whether a score is a probability (sigmoid) or what the model gives. */
  activation: z.enum(['sigmoid', 'identity']),
});
export type RerankerDescription = z.infer<typeof RerankerDescription>;

/** An imported model. Blobs are named, never embedded. */
export const ModelPackage = z.object({
  formatVersion: z.literal(1),
  id: ModelId,
  /** Where it came from, for people: a directory, a Hub repository, an npm package. */
  source: z.string(),
  license: z.string().optional(),
  /** Unix time in seconds. */
  importedAt: count,
  /** The whole rewritten graph; its weights refer to the packs. Stage graphs are cut from it. */
  graph: BlobRef,
  packs: z.array(BlobRef),
  files: z.array(PackageFile),
  layers: z.array(PackageLayer).min(1),
  /** Bytes needed only by the stage that takes token ids (embedding), beside layer 0. */
  embeddingBytes: count,
  /** Bytes needed only by the stage that gives logits (final norm, head), beside the last layer. */
  headBytes: count,
  /** Bytes that embedding and head share, beside those above: each end needs them, and a worker with both ends once. */
  tiedBytes: count,
  /** What other parts share, such as rotary tables that every layer reads. */
  sharedWeights: z.array(SharedWeights).default([]),
  vocabularySize: count,
  contextLength: count,
  /** Tokens that end an answer. */
  stopTokenIds: z.array(count),
  /** Parameters, estimated from the weights' shapes. */
  parameterCount: count,
  /** True where it computes in half precision somewhere, so that only devices with float16 can run it. */
  float16: z.boolean().default(false),
  /** The only kinds of devices that have all its operators; absent where all kinds have them. */
  deviceKinds: z.array(DeviceKind).min(1).optional(),
  /** Only where the model is an encoder, which is one layer here; missing where it writes text. */
  encoder: EncoderDescription.optional(),
  /** Only where the model rates documents by its logits. */
  reranker: RerankerDescription.optional(),
  /** What the rewrites did and what was left out, for people. */
  notes: z.array(z.string()),
});
export type ModelPackage = z.infer<typeof ModelPackage>;

/**
 * The contract of a stage: what the worker asks for, wherever the stage is computed. `createStage` satisfies it in this
 * process, `remoteStages` for a stage in another thread.
 */
import type {
  ConstraintDescription,
  FrameTensor,
  RunShape,
  SamplingDescription,
  StageDescription,
  TokenLogprob,
  TokenScore,
} from '@potluck/protocol';

/** All that a stage is made of, as it came out of the packs. Who loads it may take the buffers away (transfer them). */
export interface StageArtifact {
  description: StageDescription;
  /** The stage's graph as an ONNX file; its weights are external data under the paths of `weights`. */
  graph: Uint8Array;
  /** External data files in memory, or as Blobs that lie in storage; empty where they lie in `weightsFolder`. */
  weights: { path: string; data: Uint8Array | Blob }[];
  /**
   * onnxruntime-node only, instead of `weights`: a folder with the external data files under the paths that the graph
   * names. ONNX Runtime reads them itself: loading 85 MB of weights then peaks at 1.7 times their size in
   * resident memory, and from `weights` at 3 times. The folder may go as soon as the stage is loaded.
   */
  weightsFolder?: string;
  /** Last stage only: the blob that `description.vocabulary` names, for answers that are held to a constraint. */
  vocabulary?: Uint8Array;
  /**
   * In what it ran elsewhere: it is to run so here, too, where that is possible, whatever the stage would choose by itself. The
   * stage's own `stepShape` says what came of it.
   */
  runShape?: RunShape;
}

/** What a cache is opened with. */
export interface OpenCache {
  cacheId: string;
  /** Steps must name the same one. */
  epoch: number;
  /** Rows to reserve: the longest sequence that it will hold, in tokens. */
  capacity: number;
  /** Tokens of the prompt; the answer starts after them. */
  promptLength: number;
  /** Last stage only. */
  sampling?: SamplingDescription;
  /** Last stage only: the sequence so far, prompt included; penalties are made from it. */
  tokens?: number[];
  /** Last stage only: what the answer is held to. Needs `tokens`, and a stage with a vocabulary. */
  constraint?: ConstraintDescription;
  /** Where the cache does not begin empty. */
  from?: CacheStart;
}

/** The tokens with which a new cache begins: they are in another cache. */
export interface CacheStart {
  cacheId: string;
  /** So many of its first tokens. */
  length: number;
  /** True to end the other cache: its room is free for the new one. False to copy its rows. */
  take: boolean;
}

/** One forward pass of `length` tokens at `position` of a cache. */
export interface StepRequest {
  cacheId: string;
  /** As the cache was opened. */
  epoch: number;
  /** Tokens before this step; must be what the cache holds. */
  position: number;
  /** Tokens in this step, at least 1. */
  length: number;
  /** Where the stage starts with token ids. */
  tokenIds?: readonly number[];
  /** Where it does not: the previous stage's boundary tensors, in the description's order. Their buffers may be taken away. */
  boundary?: readonly FrameTensor[];
  /** Last stage only: draw the token at position + length. Without it the logits are not even read. */
  sample: boolean;
  /**
   * For a step of one token: steps of how many caches its run is best with. The stage takes no more, and waits a moment for so many;
   * as many as wait by default. No result depends on it.
   */
  runSize?: number;
  /** Last stage only: tell how likely tokens were that are there already, in a step of at most `scoredStepTokens`. */
  score?: ScoredTokens;
}

/** Tokens of a prompt, to be scored. */
export interface ScoredTokens {
  /** Those after the first rows of a step: the first one follows the step's first token. At least one, at most one a row. */
  tokens: readonly number[];
  /** How many of the likeliest to tell in the place of each. */
  alternatives: number;
}

/** One text for an encoder. */
export interface EncodeRequest {
  /** At least 1, at most the description's `contextLength`. */
  tokenIds: readonly number[];
  /** Which of two texts each token is of, 0 or 1; missing: all of the first. */
  tokenTypes?: readonly number[];
}

export interface EncodeResult {
  /** What the encoder made of the text, of the length that the description's `encoding` says. */
  vector: Float32Array;
  /** Milliseconds in the queue. */
  queueMs: number;
  /** Milliseconds in ONNX Runtime. */
  computeMs: number;
}

export interface StepResult {
  /** For the next stage, in the description's order; undefined at the last one. */
  boundary?: FrameTensor[];
  /** The token at position + length, where the step asked for it. */
  sampled?: { token: number; logprob?: number; topLogprobs?: TokenLogprob[] };
  /** Of the tokens that the step asked for, in their order: by the logits as the model gave them. */
  scores?: TokenScore[];
  /** Milliseconds in the queue. */
  queueMs: number;
  /** Milliseconds in ONNX Runtime, the cache and sampling: of a run that several steps shared, this one's share. */
  computeMs: number;
}

/**
 * In which shapes a stage runs its steps. Kernels round differently from shape to shape, so a cache that is computed again
 * comes out with the same bits only in shapes that say so.
 */
export interface StepShape {
  /**
   * Which graph the steps run in: the model's `own`; one for the `rows` of several sessions; one with a `dummy` row beside a lone
   * step's; one for sessions in `slots`.
   */
  graph: 'own' | 'rows' | 'dummy' | 'slots';
  /** Sessions whose steps of one token may share a run; 1 where each step runs alone. Company changes no bit. */
  members: number;
  /** The rows of every run are filled up to a multiple of it. */
  rows: number;
  /**
   * What a cache is computed again from to have the same bits: `chunks` of any length, or the very `steps` of the first time,
   * each of its length.
   */
  replay: 'chunks' | 'steps';
}

/** What a stage's caches take. */
export interface StageUsage {
  /** What the open caches reserved, in bytes. */
  reservedBytes: number;
  /** Caches that are open. */
  caches: number;
}

/**
 * A stage in memory. Errors carry a `code` of `SessionErrorCode` where one fits; in this process they are those of errors.ts.
 * Calls begin in the order in which they were made.
 */
export interface Stage {
  readonly description: StageDescription;
  /**
   * Bytes that its caches may reserve together, from the time that it is loaded until `resize`: less than `load` was given where
   * unpacked weights took the rest.
   */
  readonly cacheBytes: number;
  readonly stepShape: StepShape;
  /**
   * Reserves a cache, empty or with the first tokens of another one, or carries an open one into a later epoch with its
   * rows. Rows are copied; growing tensors are shared until one side moves on.
   * @throws NoRoomError; CacheMissError where the other cache is not here or holds fewer tokens; TruncateError where it can't
   *   be cut there. A cache that was to be taken may be gone then.
   */
  open(request: OpenCache): Promise<void>;
  /**
   * Runs one step. Steps of one token overtake longer ones of other caches; those of one cache keep their order. Steps of one
   * token of several caches that wait when a run ends share the next one, as far as `stepShape` allows.
   * @throws CacheMissError if (cache, epoch, position) is not what the stage has when the step's turn comes
   * @throws NoRoomError if the cache has too few rows left; BadStepError; ComputeError
   */
  step(request: StepRequest): Promise<StepResult>;
  /**
   * Only at an encoder: runs one text through it. Each text runs alone, so that company changes no bit of its vector.
   * @throws BadStepError where this is no encoder, or the text is not one for it; ComputeError
   */
  encode(request: EncodeRequest): Promise<EncodeResult>;
  /**
   * Forgets all tokens from `length` on.
   * @throws CacheMissError; TruncateError where the stage has fixed-size states, unless `length` is 0 or all
   */
  truncate(cacheId: string, length: number): Promise<void>;
  /** Gives a cache's room back and drops its queued steps; nothing happens where there is none. */
  release(cacheId: string): Promise<void>;
  /** From now on its caches may reserve so many bytes together. Those that are open stay, also where they reserve more. */
  resize(cacheBytes: number): Promise<void>;
  /** One prompt chunk and one decode step (one text, at an encoder) on a cache that is thrown away, so that kernels are compiled. */
  warmUp(): Promise<void>;
  usage(): Promise<StageUsage>;
  /** Ends the stage: releases all caches, drops all steps, frees the weights. */
  dispose(): Promise<void>;
}

/** What can be asked of a stage; whoever passes calls on goes by this list. */
export const stageVerbs = [
  'open',
  'step',
  'encode',
  'truncate',
  'release',
  'resize',
  'warmUp',
  'usage',
  'dispose',
] as const satisfies readonly (keyof Stage)[];
export type StageVerb = (typeof stageVerbs)[number];

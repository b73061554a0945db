/** What the engine offers: one stage of a model, ready to run steps on caches. */
import type { FrameTensor, StageDescription, TokenLogprob } from '@potluck/protocol';
import type { InferenceSession } from 'onnxruntime-common';
import type { OpenCache } from '../cache/cacheStore.ts';
import type { CacheStrategyName } from '../cache/cacheStrategy.ts';
import type { RunQueue } from '../queue/runQueue.ts';

/** A stage's graph and weights, as they came out of the packs. */
export interface StageArtifact {
  description: StageDescription;
  /** The stage's graph as an ONNX file; its weights are external data under the paths of `weights`. */
  graph: Uint8Array;
  weights: { path: string; data: Uint8Array | Blob }[];
  /**
   * onnxruntime-node only, instead of `weights`: a folder with the external data files under the paths that the graph
   * names. ONNX Runtime reads them itself: loading 85 MB of weights then peaks at 1.7 times their size in
   * resident memory, and from `weights` at 3 times.
   */
  weightsFolder?: string;
}

export interface StageOptions {
  /** As ONNX Runtime takes them, such as `['cpu']` or `[{ name: 'webgpu', device }]`. */
  executionProviders: readonly InferenceSession.ExecutionProviderConfig[];
  cacheStrategy: CacheStrategyName;
  /** Threads inside one operator; ONNX Runtime's own choice by default. Not for the web, where it is set once for all. */
  threads?: number;
  /** Bytes that all caches of this stage may reserve together, `floatWeights` included. */
  cacheBytes: number;
  /**
   * Unpacks blockwise quantised weights when the stage is loaded, as far as `cacheBytes` can spare it: for wasm, which
   * would unpack them at every step. Default false.
   */
  floatWeights?: boolean;
  /** Shared by every stage in this process: one ONNX Runtime call at a time. A queue of its own by default. */
  queue?: RunQueue;
  /** The GPUDevice that ONNX Runtime uses; only for `in-place`. */
  gpuDevice?: unknown;
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
  /** Where it does not: the previous stage's boundary tensors, in the description's order. */
  boundary?: readonly FrameTensor[];
  /** Last stage only: draw the token at position + length. Without it the logits are not even read. */
  sample: boolean;
}

export interface StepResult {
  /** For the next stage, in the description's order; undefined at the last one. */
  boundary?: FrameTensor[];
  /** The token at position + length, where the step asked for it. */
  sampled?: { token: number; logprob?: number; topLogprobs?: TokenLogprob[] };
  /** Milliseconds in the queue. */
  queueMs: number;
  /** Milliseconds in ONNX Runtime, the cache and sampling. */
  computeMs: number;
}

/** Errors of every method are those of errors.ts. */
export interface Stage {
  readonly description: StageDescription;
  /**
   * Reserves an empty cache, or carries an open one into a later epoch with its rows.
   * @throws NoRoomError, CacheMissError
   */
  open(session: OpenCache): void;
  /**
   * Runs one step. Steps of one token overtake longer ones of other caches; those of one cache keep their order.
   * @throws CacheMissError if (cache, epoch, position) is not what the stage has when the step's turn comes
   * @throws NoRoomError if the cache has too few rows left; BadStepError; ComputeError
   */
  step(request: StepRequest): Promise<StepResult>;
  /**
   * Opens a cache with the first `length` tokens of another (all by default), same epoch, capacity and sampling.
   * Rows are copied; growing tensors are shared until one side moves on.
   * @throws CacheMissError, NoRoomError, TruncateError
   */
  fork(fromCacheId: string, toCacheId: string, length?: number): void;
  /**
   * Forgets all tokens from `length` on.
   * @throws CacheMissError; TruncateError where the stage has fixed-size states, unless `length` is 0 or all
   */
  truncate(cacheId: string, length: number): void;
  /** Gives a cache's room back and drops its queued steps; nothing happens where there is none. */
  release(cacheId: string): void;
  /** One prompt chunk and one decode step on a cache that is thrown away, so that kernels are compiled. */
  warmUp(): Promise<void>;
  /** Ends the stage: releases all caches, drops all steps, frees the weights. */
  dispose(): Promise<void>;
  readonly usage: { reservedBytes: number; capacityBytes: number; caches: number };
}

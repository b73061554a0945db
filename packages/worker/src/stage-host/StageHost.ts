/** The port behind which ONNX Runtime computes, off the event loop that serves the network. */
import type { FrameTensor, SamplingDescription, StageDescription, TokenLogprob } from '@potluck/protocol';

/** All that a stage is made of. The host may take the buffers away (transfer them). */
export interface StageArtifact {
  description: StageDescription;
  graph: Uint8Array<ArrayBuffer>;
  /** External data files in memory, or as Blobs that lie in storage; empty where they lie in `weightsFolder`. */
  weights: { path: string; data: Uint8Array<ArrayBuffer> | Blob }[];
  /** Where the host's blob store laid the external data out as files; removed as soon as the stage is loaded. */
  weightsFolder?: string;
}

export interface OpenCacheRequest {
  cacheId: string;
  epoch: number;
  capacity: number;
  promptLength: number;
  sampling?: SamplingDescription;
  tokens?: number[];
}

export interface StageStepRequest {
  cacheId: string;
  epoch: number;
  position: number;
  length: number;
  /** First stage. */
  tokenIds?: number[];
  /** Later stages. The host may take the buffers away. */
  boundary?: FrameTensor[];
  /** Last stage: draw a token after this step. */
  sample: boolean;
}

export interface StageStepResult {
  /** All but the last stage. */
  boundary?: FrameTensor[];
  sampled?: { token: number; logprob?: number; topLogprobs?: TokenLogprob[] };
  queueMs: number;
  computeMs: number;
}

/**
 * A stage in memory. Errors carry a `code` of `SessionErrorCode` where one fits. Steps of one cache run in the order
 * given; steps of one token go before longer ones.
 */
export interface LoadedStage {
  /** What caches may take, where that is less than `load` was given: the host took the rest for faster weights. */
  readonly cacheBytes?: number;
  /** Which device computes it, and why, for people; where the host had a choice. */
  readonly computesWith?: string;
  /** Runs one prefill and one decode, so that the first session does not wait for compilation. */
  warmUp(): Promise<void>;
  open(request: OpenCacheRequest): Promise<void>;
  step(request: StageStepRequest): Promise<StageStepResult>;
  /** Drops queued steps of the cache and frees it. */
  release(cacheId: string): Promise<void>;
  unload(): Promise<void>;
  /** Rejects when the stage is gone without having been unloaded. */
  readonly lost: Promise<never>;
}

export interface StageHost {
  /** @param cacheBytes what caches may take in all */
  load(artifact: StageArtifact, cacheBytes: number): Promise<LoadedStage>;
}

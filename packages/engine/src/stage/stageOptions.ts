/** How a stage is computed in this process. */
import type { InferenceSession } from 'onnxruntime-common';
import type { CacheStrategyName } from '../cache/cacheStrategy.ts';
import type { ConstraintHost } from '../constraint/constraintHost.ts';
import type { RunQueue } from '../queue/runQueue.ts';

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
  /**
   * Rows that a lone step may be filled up to, so that sessions can share runs: 1, 2 or 4. Where the processor's kernels need
   * more, each step runs alone in the shapes of the model's own graph. Default 1, with which a lone stream pays only for the
   * slots of others: nothing to 9 % with 6 to 8 layers, more with more; AVX-512 and wasm need no more rows. Kernels for
   * 4-bit weights on AVX2 need 2, with which a lone stream took 1.35 to 1.7 times as long (measured on a busy machine).
   * Stages with plain attention may be filled up to 2 anyway.
   */
  mostFilledRows?: number;
  /**
   * With `in-place`, where sessions share runs of at least `mostFilledRows` rows: how many times as long as with one row a lone
   * step may take with so many, measured when the stage is loaded. Where it takes longer, each step runs alone. Not
   * measured by default.
   */
  mostLoneTime?: number;
  /** Shared by every stage in this process: one ONNX Runtime call at a time. A queue of its own by default. */
  queue?: RunQueue;
  /** The GPUDevice that ONNX Runtime uses; only for `in-place`. */
  gpuDevice?: unknown;
  /** Holds answers to constraints; without one, caches with a constraint are refused. */
  constraints?: ConstraintHost;
}

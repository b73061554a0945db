/** What a stage needs of ONNX Runtime: runs with caches in and out. */
import type { FrameTensor } from '@potluck/protocol';
import type { CacheStrategy } from '../cache/cacheStrategy.ts';
import type { CacheTensor } from '../cache/cacheTensor.ts';
import type { EncodeRequest, StepRequest, StepShape } from '../contract/stage.ts';

/** One session's part in a run. */
export interface RunMember {
  /** In the order of the description's caches. */
  tensors: readonly CacheTensor[];
  request: StepRequest;
  /** How many of its last rows get logits; at most one where the session doesn't give more. */
  logitRows: number;
}

/** What comes out of a run for one member. */
export interface MemberOutputs {
  /** Undefined at the last stage. */
  boundary?: FrameTensor[];
  /** One [vocabulary] for each row that got them, in order, free to be changed. */
  logits?: Float32Array[];
}

export interface StageSession {
  readonly stepShape: StepShape;
  /** Milliseconds for which a run waits for company at most (`RunBatch`). */
  readonly waitMs?: number;
  /** Whether several rows of a step can get logits. */
  readonly givesLogitRows: boolean;
  /** What makes its caches, where it works on them in ways of its own. */
  readonly strategy?: CacheStrategy;
  /** Whether it takes every attention cache as rows that lie apart (`RowsTensor`), those of plain operators included. */
  readonly cachesAreRows?: boolean;
  /**
   * Runs a step of each member, of which there are at most `stepShape.members`, and commits their rows to their tensors.
   * @throws ComputeError for all of them; no tensor has changed then
   */
  run(members: readonly RunMember[]): Promise<MemberOutputs[]>;
  /** Only at an encoder: what it makes of a text. @throws ComputeError */
  encode?: (request: EncodeRequest) => Promise<Float32Array>;
  release(): Promise<void>;
}

/** What a stage needs of ONNX Runtime: runs with caches in and out. */
import type { FrameTensor } from '@potluck/protocol';
import type { CacheTensor } from '../cache/cacheTensor.ts';
import type { EncodeRequest, StepRequest, StepShape } from '../contract/stage.ts';

/** One session's part in a run. */
export interface RunMember {
  /** In the order of the description's caches. */
  tensors: readonly CacheTensor[];
  request: StepRequest;
  /** Whether its last row gets logits. */
  logits: boolean;
}

/** What comes out of a run for one member. */
export interface MemberOutputs {
  /** Undefined at the last stage. */
  boundary?: FrameTensor[];
  /** [vocabulary], free to be changed. */
  logits?: Float32Array;
}

export interface StageSession {
  readonly stepShape: StepShape;
  /**
   * Runs a step of each member, of which there are at most `stepShape.members`, and commits their rows to their tensors.
   * @throws ComputeError for all of them; no tensor has changed then
   */
  run(members: readonly RunMember[]): Promise<MemberOutputs[]>;
  /** Only at an encoder: what it makes of a text. @throws ComputeError */
  encode?: (request: EncodeRequest) => Promise<Float32Array>;
  release(): Promise<void>;
}

/** What `plan` decides. Each carries all that is needed to take it in and to carry it out. */
import type { Assign, AssignmentId, ModelId, PipelineId, WorkerId } from '@potluck/protocol';
import type { CutStage, Stage, TargetStage } from '../pipeline.ts';
import type { Migration } from './migration.ts';
import type { MoveOutcome, MovePromise, Weighed } from './weighed.ts';

export type Command =
  /** The pipeline ends. `keepsStages`: who is still here keeps its stage, if a new one can be placed so. */
  | {
      type: 'give-up';
      pipelineId: PipelineId;
      reason: string;
      keepsStages: boolean;
      quarantine: readonly Failure[];
    }
  | { type: 'release'; pipelineId: PipelineId; releases: readonly Release[] }
  | { type: 'release-strays'; releases: readonly Release[] }
  /** A new pipeline. `reason`: why the one before it, if any, is given up for it. */
  | { type: 'place'; pipelineId: PipelineId; stages: readonly TargetStage[]; reason: string }
  /** No placement is possible; `refusal` is what placement said. It is not asked again for `pauseMs`. */
  | { type: 'refuse'; pipelineId: PipelineId; missing: string; refusal: object; pauseMs: number }
  | { type: 'cut'; pipelineId: PipelineId; stages: readonly Stage[] }
  | { type: 'assign'; pipelineId: PipelineId; messages: readonly [WorkerId, Assign][] }
  /** Stages that serve have other room for caches from now on. `stages`: those that change, as they are to be. */
  | {
      type: 'resize';
      pipelineId: PipelineId;
      stages: readonly CutStage[];
      messages: readonly [WorkerId, Assign][];
    }
  /** Workers load stages ahead. `weighed`: where it moves to be faster. */
  | { type: 'migrate'; pipelineId: PipelineId; migration: NewMigration; weighed?: Weighed }
  /** `reason`: where nothing failed. */
  | { type: 'drop-migration'; pipelineId: PipelineId; quarantine: readonly Failure[]; reason?: string }
  /** It would not be faster elsewhere, or not by enough. */
  | { type: 'stay'; pipelineId: PipelineId; weighed: Weighed }
  /** From now on requests wait for the migration. */
  | { type: 'hold-requests'; pipelineId: PipelineId }
  /** `promise`: where it moves to be faster. */
  | { type: 'cut-over'; pipelineId: PipelineId; reason: string; promise?: MovePromise }
  /** Answers have shown what the last move was worth. */
  | { type: 'judge-move'; pipelineId: PipelineId; outcome: MoveOutcome }
  /** Where it has no place, it is not asked again before requests have waited for as long once more. */
  | { type: 'add-replica'; pipelineId: PipelineId; model: ModelId; hasPlace: boolean }
  | { type: 'drop-replica'; pipelineId: PipelineId; model: ModelId }
  | { type: 'mark-drained'; workerId: WorkerId }
  /** Nothing is left of an ended pipeline. */
  | { type: 'forget'; pipelineId: PipelineId };

/** A worker that is to sit out, and why. */
export interface Failure {
  workerId: WorkerId;
  reason: string;
}

export interface Release {
  workerId: WorkerId;
  assignmentId: AssignmentId;
}

/** A migration as it is decided: the stages that go to other workers are loaded there first. */
export interface NewMigration extends Pick<
  Migration,
  'cutOver' | 'isMomentary' | 'mustPay' | 'isBold' | 'reason'
> {
  target: readonly TargetStage[];
  /** Those of the target that are loaded ahead. */
  preloads: readonly TargetStage[];
}

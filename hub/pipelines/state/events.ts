/** What happens to pipelines. */
import type { DeploymentPlan, NodeMode } from '@potluck/api';
import type {
  AssignmentId,
  HeldStage,
  ModelId,
  PipelineId,
  StageDescription,
  StageReport,
  WorkerId,
} from '@potluck/protocol';
import type { StageAt } from '../../placement/layerRange.ts';
import type { Model } from '../../models/model.ts';
import type { RanStage } from '../pipeline.ts';
import type { Command } from './commands.ts';

/** A worker, as people call it. */
export interface NamedWorker {
  id: WorkerId;
  name: string;
}

/** A stage that served. */
export interface ServedStage extends StageAt {
  /** Missing where nobody had told, and in what older versions kept. */
  ran?: RanStage | undefined;
}

/** How a model was served by a former run of the hub. */
export interface ServedBefore {
  /** The last epoch: later ones are told apart from it. */
  epoch: number;
  /** Stages of each replica that served, in order. */
  replicas: readonly (readonly ServedStage[])[];
}

/** `at`: when it happened, by a `Clock`. */
export type PipelineEvent = { at: number } & PipelineHappening;

export type PipelineHappening =
  /** `heldStages`: what it has of an earlier time, perhaps for a hub that was started again since. */
  | {
      type: 'worker-joined';
      worker: NamedWorker;
      mode: NodeMode;
      heldStages?: readonly HeldStage[];
    }
  /** Another run of it: it holds nothing of what its id held before. Comes before `worker-joined`. */
  | { type: 'worker-restarted'; workerId: WorkerId }
  /** Without a reason its connection just closed. `saidGoodbye`: it does not come back soon. */
  | { type: 'worker-left'; worker: NamedWorker; reason: string | undefined; saidGoodbye?: boolean }
  /** It wants nothing new, and goes when its answers have ended. */
  | { type: 'worker-leaving'; worker: NamedWorker }
  /** People call it otherwise now. */
  | { type: 'worker-renamed'; worker: NamedWorker }
  /** The operator pauses, drains or resumes it. */
  | { type: 'mode-changed'; worker: NamedWorker; mode: NodeMode }
  /** `deviceKind`: see `deviceKind()`. */
  | { type: 'stage-reported'; worker: NamedWorker; deviceKind: string; report: StageReport }
  /** A model is deployed, or its plan is another one. `newIds`: for pipelines that it needs more of. */
  | {
      type: 'deployed';
      model: Model;
      plan: DeploymentPlan;
      newIds: readonly PipelineId[];
      /** Unix milliseconds. */
      createdAt: number;
      /** Where it was served before the hub was started again: those workers are waited for, but not for long. */
      served?: ServedBefore;
    }
  /** A deployed model has other files now. */
  | { type: 'model-replaced'; model: Model; plan: DeploymentPlan; newIds: readonly PipelineId[] }
  | { type: 'undeployed'; model: ModelId }
  | {
      type: 'stages-cut';
      pipelineId: PipelineId;
      descriptions: ReadonlyMap<AssignmentId, StageDescription>;
    }
  | {
      type: 'cut-failed';
      pipelineId: PipelineId;
      assignmentIds: readonly AssignmentId[];
      reason: string;
    }
  /** A request came while each replica had enough to do. */
  | { type: 'crowded'; model: ModelId }
  /** `room`: prompt and longest answer, in tokens. */
  | { type: 'answer-began'; pipelineId: PipelineId; room?: number | undefined }
  /** `tokens`: how many it had. `room`: as it began. */
  | { type: 'answer-ended'; pipelineId: PipelineId; tokens: number; room?: number | undefined }
  /** Workers do not answer though they are there. `epoch`: that of the pipeline in which it was seen. */
  | { type: 'suspected'; pipelineId: PipelineId; epoch: number; workerIds: readonly WorkerId[] }
  | { type: 'hub-stopping'; why: string }
  /** A time has come that `wakeAt` named. */
  | { type: 'time-passed' }
  /** The hub itself stood still for so long, so that nobody else can be blamed for it. */
  | { type: 'clock-jumped'; byMs: number }
  /** A decision of `plan`, taken in before it is carried out. */
  | { type: 'command-sent'; command: Command };

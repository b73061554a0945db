/** All models that are served and their pipelines, as one immutable value which events change (`apply`). */
import type { DeploymentPlan } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import type { AssignmentId, ModelId, PipelineId, WorkerId } from '@potluck/protocol';
import type { Model } from '../../models/model.ts';
import type { Pipeline, ReadyPipeline, Stage } from '../pipeline.ts';
import { noQuarantine, type Quarantine } from './quarantine.ts';
import type { HeldAssignments } from './held.ts';
import type { Migration } from './migration.ts';
import type { MoveOutcome, Weighed } from './weighed.ts';

export interface PipelinesState {
  /** In the order in which they were made. */
  deployments: ReadonlyMap<ModelId, DeploymentState>;
  /** Also those that ended, while workers may still hold their stages. */
  pipelines: ReadonlyMap<PipelineId, PipelineState>;
  /** Workers that the operator drains: they are drained once no pipeline uses them. */
  draining: ReadonlySet<WorkerId>;
  /** Stages that workers reported and nobody knows. */
  strays: readonly { workerId: WorkerId; assignmentId: AssignmentId }[];
  settings: PipelineSettings;
}

/** Times of all pipelines, in milliseconds. */
export interface PipelineSettings {
  /** Longest time without progress that a worker may spend in one state before `ready`. */
  stageDeadlineMs: number;
  /** How long a migration that has loaded waits for a moment without answers before new ones wait for it. */
  movePatienceMs: number;
}

/** What the operator asked for. */
export interface DeploymentState {
  model: Model;
  plan: DeploymentPlan;
  /** Rises at every change of the plan. */
  revision: number;
  /** Unix milliseconds. */
  createdAt: number;
  /** Its pipelines, all of the whole model. Those that were added under load come last. */
  replicas: readonly PipelineId[];
  /** How many were added under load, those that are gone included. */
  made: number;
  /** When the first and the last request of a crowd came, by a `Clock`. */
  crowd?: Crowd;
}

export interface Crowd {
  first: number;
  last: number;
}

export interface PipelineState {
  id: PipelineId;
  model: Model;
  plan: DeploymentPlan;
  /** Of the last pipeline that was put together; 0 before the first. */
  epoch: number;
  /** How many assignments were made for it in all epochs. */
  assignments: number;
  phase: Phase;
  /** Stages of the pipeline that lost a worker, until another one serves: who is still here keeps its stage. */
  former: readonly Stage[];
  held: HeldAssignments;
  quarantine: Quarantine;
  migration?: Migration;
  /** It is to be placed anew: at once, or when its answers have ended; it takes no new ones. */
  retiring?: { reason: string; when: 'at-once' | 'idle' };
  /** Requests wait, since it moves to stages that are loaded already. */
  isMoving: boolean;
  /** While it serves: from when on workers may load its stages to stand by, by a `Clock`. */
  standbyFrom?: number;
  /** How many answers run through it. */
  answers: number;
  /** Prompt and longest answer of those of them that have told, in tokens. */
  rooms: readonly number[];
  /** How many tokens it has answered with since it serves where it is. */
  tokens: number;
  /** When it is asked next whether it would be faster elsewhere; absent before it has served. */
  weighed?: Weighed;
  /** What its last move to be faster was worth, once answers have shown it. */
  moved?: MoveOutcome;
  /** Who served it before the hub was started again; until so long, by a `Clock`, it is not placed without them. */
  awaits?: { workers: readonly WorkerId[]; until: number };
  /** The model could not be cut: not before this time again, by a `Clock`. */
  cutAgainAt?: number;
}

/** How far a pipeline has come. `reason`: why it does not serve, for people and clients. */
export type Phase =
  /** Nothing is placed. `refusal`: what placement last answered; not before `againAt` (by a `Clock`) once more. */
  | { type: 'missing'; reason: string; refusal?: object; againAt?: number }
  /** Its stages are placed; their graphs are being made. */
  | { type: 'cutting'; pipeline: Pipeline; reason: string; isAsked: boolean }
  /** Its stages are cut; workers free what they held, to have room for them. */
  | { type: 'freeing'; pipeline: Pipeline; reason: string }
  /** Its stages are assigned; without progress until the deadline (by a `Clock`) they are given up. */
  | { type: 'loading'; pipeline: Pipeline; reason: string; deadline: number }
  | { type: 'serving'; pipeline: ReadyPipeline }
  /** It was undeployed or replaced; what workers still hold of it is being released. */
  | { type: 'ended'; reason: string };

export function emptyState(settings: PipelineSettings): PipelinesState {
  return { deployments: new Map(), pipelines: new Map(), draining: new Set(), strays: [], settings };
}

export function newPipelineState(id: PipelineId, model: Model, plan: DeploymentPlan): PipelineState {
  return {
    id,
    model,
    plan,
    epoch: 0,
    assignments: 0,
    phase: { type: 'missing', reason: hubText('hub-starts', {}) },
    former: [],
    held: new Map(),
    quarantine: noQuarantine,
    isMoving: false,
    answers: 0,
    rooms: [],
    tokens: 0,
  };
}

/** The pipeline that serves or is being put together, if any. */
export function pipelineOf({ phase }: Pick<PipelineState, 'phase'>): Pipeline | undefined {
  return phase.type === 'missing' || phase.type === 'ended' ? undefined : phase.pipeline;
}

/** Its stages; none while nothing is placed. */
export function stagesOf(state: Pick<PipelineState, 'phase'>): readonly Stage[] {
  return pipelineOf(state)?.stages ?? [];
}

/** The longest of the answers that run through it or wait for it, with its prompt, in tokens; 0 where none has told. */
export function conversationTokensOf({ rooms }: Pick<PipelineState, 'rooms'>): number {
  return Math.max(0, ...rooms);
}

/** True where the worker has a stage of the pipeline. */
export function usesWorker(state: Pick<PipelineState, 'phase'>, workerId: WorkerId): boolean {
  return stagesOf(state).some((stage) => stage.workerId === workerId);
}

/** An ordered list of stages that covers all layers of a model, and what is known about each. */
import { randomUUID } from 'node:crypto';
import {
  AssignmentId,
  type PipelineId,
  type PromptStep,
  type StageDescription,
  type StageReport,
  type StageState,
  type WorkerId,
} from '@potluck/protocol';
import type { SharedStage } from '../placement/shareCaches.ts';

export interface Stage {
  assignmentId: AssignmentId;
  workerId: WorkerId;
  workerName: string;
  /** Layers are inclusive, counted from 0. */
  firstLayer: number;
  lastLayer: number;
  state: StageState;
  reason?: string;
  progress?: { doneBytes: number; totalBytes: number };
  /** What the hub reckons with for it at its worker, caches included, in bytes. */
  reservedBytes: number;
  /** Most that its caches may take, in bytes. */
  mostCacheBytes: number;
  /** The longest chunk of a prompt that its memory has room for, in tokens. */
  mostChunkTokens: number;
  /** How long chunks of a prompt took when the stage was tried. */
  promptSteps?: readonly PromptStep[];
  /** Bytes that caches may take; known once the stage is ready. */
  cacheBytes?: number;
  /** Which device computes it, and why, for people; where its worker had a choice. */
  computesWith?: string;
  /** Known once the stage was cut out. */
  description?: StageDescription;
}

export interface Pipeline {
  id: PipelineId;
  /** Rises at every change, also from one pipeline of a deployment to its successor. */
  epoch: number;
  stages: readonly Stage[];
}

/** A stage that serves. */
export type ReadyStage = Stage & { cacheBytes: number; description: StageDescription };

/** A pipeline whose stages all serve. */
export interface ReadyPipeline extends Pipeline {
  stages: readonly ReadyStage[];
}

/** @returns a pipeline of which nothing is assigned yet */
export function newPipeline(
  { id, epoch }: Pick<Pipeline, 'id' | 'epoch'>,
  placed: readonly SharedStage[],
  nameOf: (workerId: WorkerId) => string,
): Pipeline {
  return {
    id,
    epoch,
    stages: placed.map(({ workerId, firstLayer, lastLayer, memoryBytes, cacheBytes, mostChunkTokens }) => ({
      assignmentId: AssignmentId.parse(randomUUID()),
      workerId,
      workerName: nameOf(workerId),
      firstLayer,
      lastLayer,
      state: 'assigned',
      reservedBytes: memoryBytes,
      mostCacheBytes: cacheBytes,
      mostChunkTokens,
    })),
  };
}

/** @returns the pipeline with a report taken in; the same one if the report is about none of its stages */
export function applyStageReport(pipeline: Pipeline, report: StageReport): Pipeline {
  if (!pipeline.stages.some((stage) => stage.assignmentId === report.assignmentId)) return pipeline;
  return {
    ...pipeline,
    stages: pipeline.stages.map((stage) =>
      stage.assignmentId === report.assignmentId ? reported(stage, report) : stage,
    ),
  };
}

function reported(
  stage: Stage,
  { state, reason, progress, cacheBytes, computesWith, promptSteps }: StageReport,
): Stage {
  const { reason: _reason, progress: _progress, ...rest } = stage;
  return {
    ...rest,
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(progress === undefined ? {} : { progress }),
    ...(cacheBytes === undefined ? {} : { cacheBytes }),
    ...(computesWith === undefined ? {} : { computesWith }),
    ...(promptSteps === undefined ? {} : { promptSteps }),
  };
}

/** @returns the pipeline, if every stage is ready and said how much cache it has */
export function readyPipeline(pipeline: Pipeline): ReadyPipeline | undefined {
  const { stages } = pipeline;
  return stages.every(isReady) ? { ...pipeline, stages } : undefined;
}

function isReady(stage: Stage): stage is ReadyStage {
  return stage.state === 'ready' && stage.cacheBytes !== undefined && stage.description !== undefined;
}

/** `worker[first-last],…` with layers counted from 0; names are reduced to what a header can hold. */
export function routeOf(stages: readonly Pick<Stage, 'workerName' | 'firstLayer' | 'lastLayer'>[]): string {
  return stages
    .map(({ workerName, firstLayer, lastLayer }) => {
      const name = workerName.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, 64) || 'worker';
      return `${name}[${firstLayer}-${lastLayer}]`;
    })
    .join(',');
}

/** One line about stages that are not ready yet, for people. */
export function describeProgress(pipeline: Pipeline): string {
  return pipeline.stages
    .filter((stage) => stage.state !== 'ready')
    .map(({ workerName, firstLayer, lastLayer, state, reason, progress }) => {
      const share =
        progress && progress.totalBytes > 0
          ? ` ${Math.floor((100 * progress.doneBytes) / progress.totalBytes)} %`
          : '';
      return `${workerName} (layers ${firstLayer} to ${lastLayer}) is ${state}${share}${reason ? `: ${reason}` : ''}`;
    })
    .join('; ');
}

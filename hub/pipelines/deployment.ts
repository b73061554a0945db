/** A deployed model as the rest of the hub sees it: what the operator asked for, and what became of it. */
import { isDeepStrictEqual } from 'node:util';
import type { DeploymentPlan } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import type { ModelId, PipelineId } from '@potluck/protocol';
import type { Model } from '../models/model.ts';
import { describeProgress, type Pipeline, type ReadyPipeline } from './pipeline.ts';
import { pipelineOf, type PipelinesState, type PipelineState } from './state/state.ts';

export interface Deployment {
  readonly model: Model;
  readonly plan: DeploymentPlan;
  /** Rises at every change of the plan. */
  readonly revision: number;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly replicas: readonly Replica[];
}

/** One pipeline of a deployment, as it is at one moment. */
export interface Replica {
  /** Stays over all epochs. */
  readonly id: PipelineId;
  readonly model: Model;
  /** The pipeline that serves, if any. */
  readonly ready?: ReadyPipeline;
  /** The pipeline that serves or is being put together. */
  readonly pipeline?: Pipeline;
  /** What keeps the model from being served, with numbers; absent while it is served. */
  readonly missing?: string;
  /** Why the pipeline takes no more answers though it serves: it is about to move. */
  readonly retiring?: string;
  /** It moves to stages that are loaded already, which takes a moment: requests are to wait for that. */
  readonly isMoving: boolean;
}

/** How many pipelines a plan asks for. */
export function replicaCount(plan: DeploymentPlan): number {
  return plan.mode === 'manual' ? 1 : plan.replicas;
}

/** True where both plans cut a pipeline alike, however many of it they ask for. */
export function hasSameLayout(one: DeploymentPlan, other: DeploymentPlan): boolean {
  const layout = (plan: DeploymentPlan): DeploymentPlan => {
    if (plan.mode === 'manual') return plan;
    return plan.mode === 'shards' ? { ...plan, replicas: 1 } : { mode: 'automatic', replicas: 1 };
  };
  return isDeepStrictEqual(layout(one), layout(other));
}

/** What keeps a model from being served; undefined while a replica serves. */
export function missingOf({ replicas }: Pick<Deployment, 'replicas'>): string | undefined {
  if (replicas.some(({ ready }) => ready)) return undefined;
  return replicas.map(({ missing }) => missing).find((missing) => missing !== undefined);
}

/** @returns undefined where the model is not deployed */
export function deploymentOf(state: PipelinesState, model: ModelId): Deployment | undefined {
  const deployment = state.deployments.get(model);
  if (!deployment) return undefined;
  const replicas = deployment.replicas.flatMap((id) => {
    const pipeline = state.pipelines.get(id);
    return pipeline ? [replicaOf(pipeline)] : [];
  });
  return { ...deployment, replicas };
}

export function replicaOf(state: PipelineState): Replica {
  const { id, model, phase, retiring, isMoving } = state;
  const pipeline = pipelineOf(state);
  const takesNone = retiring?.reason ?? (isMoving ? hubText('moves', {}) : undefined);
  return {
    id,
    model,
    isMoving,
    ...(pipeline ? { pipeline } : {}),
    ...(phase.type === 'serving' ? { ready: phase.pipeline } : { missing: missingFrom(phase) }),
    ...(takesNone === undefined ? {} : { retiring: takesNone }),
  };
}

function missingFrom(phase: Exclude<PipelineState['phase'], { type: 'serving' }>): string {
  return 'pipeline' in phase ? describeProgress(phase.pipeline) || hubText('being-cut', {}) : phase.reason;
}

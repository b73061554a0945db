/** What the operator asked for: a model, and how it is placed. Its replicas keep one pipeline each. */
import type { DeploymentPlan } from '@potluck/api';
import type { Model } from '../models/model.ts';
import type { PipelineKeeper } from './pipelineKeeper.ts';

export interface Deployment {
  readonly model: Model;
  readonly plan: DeploymentPlan;
  /** Rises at every change of the plan. */
  readonly revision: number;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly replicas: readonly PipelineKeeper[];
}

/** How many pipelines a plan asks for. */
export function replicaCount(plan: DeploymentPlan): number {
  return plan.mode === 'manual' ? 1 : plan.replicas;
}

/** What keeps a model from being served; undefined while a replica serves. */
export function missingOf({ replicas }: Deployment): string | undefined {
  if (replicas.some(({ ready }) => ready)) return undefined;
  return replicas.map(({ missing }) => missing).find((missing) => missing !== undefined);
}

/** Does a model need a further replica, or is one to go? */
import { PipelineId } from '@potluck/protocol';
import { replicaCount } from '../deployment.ts';
import { namedUuid } from '../namedUuid.ts';
import type { Command } from '../state/commands.ts';
import { newPipelineState, type DeploymentState, type PipelineState } from '../state/state.ts';
import type { Context } from './context.ts';
import { findPlace } from './placing.ts';
import { letStandbyGo } from './standingBy.ts';

/** A crowd that is over sooner is gone before another replica has loaded. */
const crowdedForMs = 30_000;
/** Who was needed so lately stays. */
const neededForMs = 60_000;

/** Requests have waited for a while, and there are devices with room that nobody has to give up. */
export function addReplica(context: Context): Command | undefined {
  for (const deployment of context.state.deployments.values()) {
    const { plan, crowd, replicas, model, made } = deployment;
    if (plan.mode !== 'automatic' || !crowd || crowd.last - crowd.first < crowdedForMs) continue;
    if (replicas.length >= (plan.mostReplicas ?? plan.replicas)) continue;
    if (!pipelinesOf(deployment, context).every(({ phase }) => phase.type === 'serving')) continue;
    const pipelineId = PipelineId.parse(namedUuid(`${model.package.id}/${deployment.createdAt}/${made}`));
    const place = findPlace(newPipelineState(pipelineId, model, plan), context);
    // Its room may be what stands by for others.
    const standby = place.ok ? undefined : letStandbyGo(context);
    if (standby) return standby;
    // It is asked again when as long has passed.
    const hasPlace = place.ok;
    return { type: 'add-replica', pipelineId, model: model.package.id, hasPlace };
  }
  return undefined;
}

/** One that was added under load, has nothing to do, and is in the way of another model; or that found no place any more. */
export function dropReplica(context: Context): Command | undefined {
  const { state, now } = context;
  const isNeeded = [...state.pipelines.values()].some(isRefused);
  if (!isNeeded) return undefined;
  for (const deployment of state.deployments.values()) {
    const { plan, crowd, model } = deployment;
    const added = pipelinesOf(deployment, context).slice(replicaCount(plan));
    const isCrowded = crowd !== undefined && now < crowd.last + neededForMs;
    const dropped = added.findLast((one) => isRefused(one) || (!isCrowded && one.answers === 0));
    if (dropped) return { type: 'drop-replica', pipelineId: dropped.id, model: model.package.id };
  }
  return undefined;
}

const isRefused = ({ phase }: PipelineState): boolean =>
  phase.type === 'missing' && phase.refusal !== undefined;

function pipelinesOf({ replicas }: DeploymentState, { state }: Context): PipelineState[] {
  return replicas.flatMap((id) => state.pipelines.get(id) ?? []);
}

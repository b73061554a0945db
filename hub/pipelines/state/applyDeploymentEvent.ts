/** What the operator does to deployments. */
import { hubText } from '@potluck/api/hub-texts';
import type { ModelId, PipelineId } from '@potluck/protocol';
import { hasSameLayout, replicaCount } from '../deployment.ts';
import type { Command } from './commands.ts';
import { newStages, type TargetStage } from '../pipeline.ts';
import type { PipelineEvent, ServedBefore } from './events.ts';
import { givenUp } from './givenUp.ts';
import { noQuarantine } from './quarantine.ts';
import {
  newPipelineState,
  pipelineOf,
  type DeploymentState,
  type PipelinesState,
  type PipelineState,
} from './state.ts';

type DeploymentEvent = Extract<PipelineEvent, { type: 'deployed' | 'model-replaced' | 'undeployed' }>;

export function applyDeploymentEvent(state: PipelinesState, event: DeploymentEvent): PipelinesState {
  switch (event.type) {
    case 'deployed':
      return deployed(state, event);
    case 'model-replaced':
      return modelReplaced(state, event);
    case 'undeployed': {
      const present = state.deployments.get(event.model);
      if (!present) return state;
      return withoutDeployment(withEnded(state, present.replicas, 'it was undeployed'), event.model);
    }
  }
}

/** @returns the pipeline without anything but what its workers still hold */
export function ended(one: PipelineState, reason: string): PipelineState {
  return { ...givenUp(one, reason), phase: { type: 'ended', reason } };
}

/** Running answers end before another plan is followed; replicas that are too many end at once. */
function deployed(
  state: PipelinesState,
  { model, plan, newIds, createdAt, served: before, at }: Extract<DeploymentEvent, { type: 'deployed' }>,
): PipelinesState {
  const { id } = model.package;
  const present = state.deployments.get(id);
  const count = replicaCount(plan);
  const kept = (present?.replicas ?? []).slice(0, count);
  const superfluous = (present?.replicas ?? []).slice(count);
  const added = newIds.slice(0, count - kept.length);
  const next = withEnded(state, superfluous, 'it was undeployed');
  const pipelines = new Map(next.pipelines);
  for (const one of kept) {
    const pipeline = pipelines.get(one);
    if (pipeline) pipelines.set(one, replanned(pipeline, plan));
  }
  const served = present?.model ?? model;
  for (const [index, one] of added.entries()) {
    const pipeline = newPipelineState(one, served, plan);
    pipelines.set(one, before ? awaiting(pipeline, before, index, at) : pipeline);
  }
  return withDeployment({ ...next, pipelines }, id, {
    model: served,
    plan,
    revision: (present?.revision ?? 0) + 1,
    createdAt: present?.createdAt ?? createdAt,
    made: present?.made ?? 0,
    replicas: [...kept, ...added],
  });
}

/** Long enough for workers that try to connect again every few seconds, as they do when the hub was away for half a minute. */
const awaitsForMs = 10_000;

function awaiting(
  one: PipelineState,
  { epoch, replicas }: ServedBefore,
  index: number,
  at: number,
): PipelineState {
  const reason = hubText('waits-for-former', {});
  const workers = [...new Set(replicas.flat().map(({ workerId }) => workerId))];
  const target = (replicas[index] ?? []).map((stage): TargetStage => {
    return { ...stage, workerName: '', memoryBytes: 0, cacheBytes: 0, mostChunkTokens: 0 };
  });
  const former = newStages(one.id, target, [], 0).map((stage, place) => {
    const ran = replicas[index]?.[place]?.ran;
    return ran ? { ...stage, ran } : stage;
  });
  const awaits = { workers, until: at + awaitsForMs };
  return { ...one, epoch, former, assignments: former.length, phase: { type: 'missing', reason }, awaits };
}

/** The same layout once more moves nothing that serves; workers that failed are tried again. */
function replanned(one: PipelineState, plan: PipelineState['plan']): PipelineState {
  if (one.phase.type === 'serving' && hasSameLayout(plan, one.plan)) {
    return { ...one, plan, quarantine: noQuarantine };
  }
  const { cutAgainAt: _, ...rest } = one;
  const next = { ...rest, plan, former: [], quarantine: noQuarantine };
  return pipelineOf(one)
    ? { ...next, retiring: { reason: hubText('plan-changed', {}), when: 'idle' } }
    : next;
}

function modelReplaced(
  state: PipelinesState,
  { model, plan, newIds }: Extract<DeploymentEvent, { type: 'model-replaced' }>,
): PipelinesState {
  const { id } = model.package;
  const present = state.deployments.get(id);
  if (!present) return state;
  const next = withEnded(state, present.replicas, 'its model was added again');
  const pipelines = new Map(next.pipelines);
  for (const one of newIds) pipelines.set(one, newPipelineState(one, model, plan));
  const { revision, createdAt, made } = present;
  const deployment = { model, plan, revision: revision + 1, createdAt, made, replicas: newIds };
  return withDeployment({ ...next, pipelines }, id, deployment);
}

/** A further replica, or none where there is no place for it now: requests must wait for as long again. */
export function replicaAdded(
  state: PipelinesState,
  { model: id, pipelineId, hasPlace }: Extract<Command, { type: 'add-replica' }>,
): PipelinesState {
  const deployment = state.deployments.get(id);
  if (!deployment) return state;
  const { crowd: _, ...present } = deployment;
  if (!hasPlace) return withDeployment(state, id, present);
  const { model, plan, replicas, made } = present;
  const pipelines = new Map(state.pipelines).set(pipelineId, newPipelineState(pipelineId, model, plan));
  const next = { ...present, made: made + 1, replicas: [...replicas, pipelineId] };
  return withDeployment({ ...state, pipelines }, id, next);
}

export function replicaDropped(
  state: PipelinesState,
  { model: id, pipelineId }: Extract<Command, { type: 'drop-replica' }>,
): PipelinesState {
  const present = state.deployments.get(id);
  if (!present) return state;
  const replicas = present.replicas.filter((one) => one !== pipelineId);
  const next = withEnded(state, [pipelineId], 'another model needs its room');
  return withDeployment(next, id, { ...present, replicas });
}

function withEnded(state: PipelinesState, ids: readonly PipelineId[], reason: string): PipelinesState {
  const pipelines = new Map(state.pipelines);
  for (const id of ids) {
    const pipeline = pipelines.get(id);
    if (pipeline) pipelines.set(id, ended(pipeline, reason));
  }
  return { ...state, pipelines };
}

function withDeployment(state: PipelinesState, id: ModelId, deployment: DeploymentState): PipelinesState {
  return { ...state, deployments: new Map(state.deployments).set(id, deployment) };
}

function withoutDeployment(state: PipelinesState, id: ModelId): PipelinesState {
  const deployments = new Map(state.deployments);
  deployments.delete(id);
  return { ...state, deployments };
}

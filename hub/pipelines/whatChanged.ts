/** What people and the rest of the hub see of a change of the state. Pure. */
import type { ModelId, WorkerId } from '@potluck/protocol';
import { replicaOf, type Replica } from './deployment.ts';
import type { Pipeline, ReadyPipeline } from './pipeline.ts';
import type { MoveOutcome } from './state/weighed.ts';
import { stagesOf, type PipelinesState, type PipelineState } from './state/state.ts';

export type Announcement =
  | { type: 'ready'; replica: Replica; pipeline: ReadyPipeline }
  /** The pipeline that serves has other room for caches, or workers with other names. */
  | { type: 'updated'; replica: Replica; pipeline: ReadyPipeline }
  /** The pipeline serves no more; what ran through it has ended. `isWanted`: the hub stops, nobody deploys it, or its workers said goodbye. */
  | { type: 'lost'; replica: Replica; pipeline: Pipeline; reason: string; isWanted: boolean }
  /** Answers have shown what the last move to be faster was worth. */
  | { type: 'judged'; replica: Replica; outcome: MoveOutcome }
  /** Something of a deployment is different, or it is gone. `workers`: whose stages are different. */
  | { type: 'changed'; model: ModelId; workers: readonly WorkerId[] };

/** @returns in the order in which listeners are to be told */
export function whatChanged(before: PipelinesState, after: PipelinesState): Announcement[] {
  if (before === after) return [];
  const announcements: Announcement[] = [];
  const models = new Map<ModelId, Set<WorkerId>>();
  for (const id of new Set([...before.pipelines.keys(), ...after.pipelines.keys()])) {
    const [was, is] = [before.pipelines.get(id), after.pipelines.get(id)];
    if (was === is) continue;
    announcements.push(...served(was, is));
    if (is?.moved && was?.moved !== is.moved)
      announcements.push({ type: 'judged', replica: replicaOf(is), outcome: is.moved });
    const model = (is ?? was)?.model.package.id;
    if (model === undefined || (was && is && looksTheSame(was, is))) continue;
    const workers = models.get(model) ?? new Set();
    models.set(model, workers);
    for (const workerId of touched(was, is)) workers.add(workerId);
  }
  if (before.deployments !== after.deployments) {
    for (const id of new Set([...before.deployments.keys(), ...after.deployments.keys()])) {
      if (before.deployments.get(id) === after.deployments.get(id)) continue;
      models.set(id, models.get(id) ?? new Set());
    }
  }
  for (const [model, workers] of models)
    announcements.push({ type: 'changed', model, workers: [...workers] });
  return announcements;
}

function served(was: PipelineState | undefined, is: PipelineState | undefined): Announcement[] {
  const announcements: Announcement[] = [];
  const before = was?.phase.type === 'serving' ? was.phase.pipeline : undefined;
  const after = is?.phase.type === 'serving' ? is.phase.pipeline : undefined;
  if (is && before && before.epoch !== after?.epoch) {
    const reason = is.phase.type === 'serving' ? 'it was replaced' : is.phase.reason;
    const lost = before.stages.filter((stage) => stage.lost !== undefined);
    const isWanted =
      is.phase.type === 'ended' || (lost.length > 0 && lost.every(({ saidGoodbye }) => saidGoodbye === true));
    announcements.push({ type: 'lost', replica: replicaOf(is), pipeline: before, reason, isWanted });
  }
  if (is && after && before?.epoch !== after.epoch) {
    announcements.push({ type: 'ready', replica: replicaOf(is), pipeline: after });
  }
  if (is && after && before?.epoch === after.epoch && hasOtherStages(before, after)) {
    announcements.push({ type: 'updated', replica: replicaOf(is), pipeline: after });
  }
  return announcements;
}

const hasOtherStages = ({ stages }: ReadyPipeline, after: ReadyPipeline): boolean =>
  stages.some(({ cacheBytes, workerName }, index) => {
    const other = after.stages[index];
    return cacheBytes !== other?.cacheBytes || workerName !== other.workerName;
  });

/** Answers are counted elsewhere, and nobody sees who sits out or what is remembered. */
function looksTheSame(was: PipelineState, is: PipelineState): boolean {
  return (
    was.phase === is.phase &&
    was.retiring === is.retiring &&
    was.isMoving === is.isMoving &&
    was.held === is.held &&
    was.migration === is.migration
  );
}

/** Workers whose stages, loaded ahead or held ones included, are not as they were. */
function touched(was: PipelineState | undefined, is: PipelineState | undefined): Set<WorkerId> {
  const workers = new Set<WorkerId>();
  const parts = (one: PipelineState | undefined): Map<string, { workerId: WorkerId }> => {
    const all = new Map<string, { workerId: WorkerId }>(one?.held);
    for (const stage of one ? [...stagesOf(one), ...(one.migration?.preloads ?? [])] : [])
      all.set(stage.assignmentId, stage);
    return all;
  };
  const [before, after] = [parts(was), parts(is)];
  for (const [id, part] of before) if (after.get(id) !== part) workers.add(part.workerId);
  for (const [id, part] of after) if (before.get(id) !== part) workers.add(part.workerId);
  return workers;
}

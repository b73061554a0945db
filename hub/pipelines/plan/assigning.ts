/** Which stages are cut, released and assigned next? */
import type { WorkerId } from '@potluck/protocol';
import { assignmentsOf } from '../assignmentsOf.ts';
import { isCut, type Stage } from '../pipeline.ts';
import { releaseTimeoutMs, type HeldAssignment } from '../state/held.ts';
import type { PipelineState } from '../state/state.ts';
import type { Command } from '../state/commands.ts';
import type { Context } from './context.ts';

/** The graphs of stages that were placed are made. */
export function cutStages({ id: pipelineId, phase, migration }: PipelineState): Command | undefined {
  if (phase.type === 'cutting' && !phase.isAsked) {
    return { type: 'cut', pipelineId, stages: phase.pipeline.stages };
  }
  if (phase.type === 'serving' && migration?.step === 'cutting' && !migration.isCutAsked) {
    return { type: 'cut', pipelineId, stages: migration.preloads };
  }
  return undefined;
}

/**
 * A worker that gets the same graph again keeps it loaded, so an old stage is released after the new one was assigned;
 * an old stage with another graph is released before, since both might not fit.
 */
export function releaseWhatNobodyWants(one: PipelineState, { grid }: Context): Command | undefined {
  if (one.held.size === 0) return undefined;
  const isWanted = wanted(one);
  const releases = [...one.held].flatMap(([assignmentId, held]) => {
    const { workerId, releasingSince, hasFailed } = held;
    if (releasingSince !== undefined || !grid.isHere(workerId)) return [];
    if (!hasFailed && grid.isUsable(workerId) && isWanted(held)) return [];
    return [{ workerId, assignmentId }];
  });
  return releases.length === 0 ? undefined : { type: 'release', pipelineId: one.id, releases };
}

/** Assigns stages once their workers have room. */
export function assignWhatHasRoom(one: PipelineState, context: Context): Command | undefined {
  const { phase, migration, id: pipelineId } = one;
  const { stageDeadlineMs } = context.state.settings;
  const kindOf = (id: WorkerId): string | undefined => context.grid.deviceKindOf(id);
  if (phase.type === 'freeing') {
    const { stages } = phase.pipeline;
    if (!isCut(stages) || isFreeing(one, stages, context)) return undefined;
    const messages = assignmentsOf({ ...phase.pipeline, stages }, stageDeadlineMs, kindOf);
    return { type: 'assign', pipelineId, messages };
  }
  if (phase.type === 'serving' && migration?.step === 'freeing') {
    const { preloads } = migration;
    if (!isCut(preloads) || isFreeing(one, preloads, context)) return undefined;
    // Each by itself: no worker hears of the others.
    const messages = preloads.flatMap((stage) =>
      assignmentsOf({ ...phase.pipeline, stages: [stage] }, stageDeadlineMs, kindOf),
    );
    return { type: 'assign', pipelineId, messages };
  }
  return undefined;
}

/** What may serve again: as long as that is not known, all of it. */
function wanted({ phase, migration }: PipelineState): (held: HeldAssignment) => boolean {
  const like =
    (stages: readonly Stage[]) =>
    ({ workerId, graph }: HeldAssignment): boolean =>
      stages.some((stage) => stage.workerId === workerId && stage.description?.graph.sha256 === graph);
  switch (phase.type) {
    case 'missing':
    case 'cutting':
      return () => true;
    case 'freeing':
      return like(phase.pipeline.stages);
    case 'loading':
    case 'serving':
      if (migration?.step === 'cutting') return () => true;
      return migration?.step === 'freeing' ? like(migration.preloads) : () => false;
    case 'ended':
      return () => false;
  }
}

/** True while one of the stages' workers frees what it held. One that takes too long is not waited for. */
function isFreeing({ held }: PipelineState, stages: readonly Stage[], { grid, now }: Context): boolean {
  if (held.size === 0) return false;
  const workers = new Set(stages.map(({ workerId }) => workerId));
  return [...held.values()].some(
    ({ workerId, releasingSince }) =>
      releasingSince !== undefined &&
      now < releasingSince + releaseTimeoutMs &&
      workers.has(workerId) &&
      grid.isHere(workerId),
  );
}

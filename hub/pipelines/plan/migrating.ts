/** Which stages go to other workers, and when? */
import type { Stage } from '../pipeline.ts';
import { usesWorker, type PipelineState } from '../state/state.ts';
import type { Command } from '../state/commands.ts';
import type { Context } from './context.ts';
import { promiseOf } from './moving.ts';
import { spreadFor, workersOf } from './placing.ts';

/** A worker that loads ahead failed, is gone, may have no stages any more, or makes no progress. */
export function dropFailedMigration(one: PipelineState, { grid, now, state }: Context): Command | undefined {
  const { migration, id: pipelineId } = one;
  if (!migration) return undefined;
  const stalled = now >= (migration.deadline ?? Infinity);
  const silent = stalled ? migration.preloads.filter(({ state }) => state !== 'ready') : [];
  const isUnable = ({ lost, workerId }: Stage): boolean => lost !== undefined || !grid.isUsable(workerId);
  if (silent.length === 0 && !migration.preloads.some(isUnable)) return undefined;
  const quarantine = silent.map(({ workerId, state: where }) => ({
    workerId,
    reason: `no progress for ${state.settings.stageDeadlineMs} ms while ${where}`,
  }));
  return { type: 'drop-migration', pipelineId, quarantine };
}

/** The pipeline goes to what was loaded ahead: when no answer runs, unless it is to go at once. */
export function cutOverWhatIsLoaded(one: PipelineState, context: Context): Command | undefined {
  const { phase, migration, answers, id: pipelineId } = one;
  if (phase.type !== 'serving' || migration?.step !== 'loaded') return undefined;
  const isTime = migration.cutOver === 'at-once' || (migration.cutOver === 'after-draining' && answers === 0);
  if (!isTime) return undefined;
  const promise = promiseOf(one, context);
  return { type: 'cut-over', pipelineId, reason: migration.reason, ...(promise ? { promise } : {}) };
}

/** Answers that overlap have left no moment for a migration for a while: new ones wait for it. */
export function holdRequests(one: PipelineState, { now }: Context): Command | undefined {
  const { phase, migration, isMoving, id: pipelineId } = one;
  if (phase.type !== 'serving' || isMoving || migration?.cutOver !== 'after-draining') return undefined;
  return now < (migration.patienceEndsAt ?? Infinity) ? undefined : { type: 'hold-requests', pipelineId };
}

/** Forced stages that share a worker go to workers that have none: these load them first. */
export function preloadNewcomers(one: PipelineState, context: Context): Command | undefined {
  const { phase, migration, retiring, cutAgainAt = -Infinity, id: pipelineId } = one;
  if (phase.type !== 'serving' || retiring || context.now < cutAgainAt) return undefined;
  const spread = spreadFor(one, context);
  if (!spread || (migration && workersOf(spread.stages) <= workersOf(migration.target))) return undefined;
  const { stages: target, isMomentary } = spread;
  const preloads = target.filter(({ workerId }) => !usesWorker(one, workerId));
  return {
    type: 'migrate',
    pipelineId,
    migration: {
      ...{ target, preloads, isMomentary, cutOver: 'after-draining' },
      reason: 'some of its stages move to other workers',
    },
  };
}

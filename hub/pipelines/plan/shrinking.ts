/** Which pipelines give cache room back, so that another one finds a place? */
import { hubText } from '@potluck/api/hub-texts';
import type { CacheToShrink } from '../../placement/shrinkCaches.ts';
import { targetOf, type Stage, type TargetStage } from '../pipeline.ts';
import type { Command } from '../state/commands.ts';
import type { Context } from './context.ts';
import { standsBy } from './standingBy.ts';

/**
 * The pipeline stays where it is. When no answer runs its stages are assigned anew with smaller caches, which takes a
 * moment, since their workers keep what they have loaded.
 * @returns undefined where all of them are on their way already
 */
export function shrinkFor(shrink: readonly CacheToShrink[], { state }: Context): Command | undefined {
  for (const { pipelineId } of shrink) {
    const one = state.pipelines.get(pipelineId);
    if (one?.phase.type !== 'serving' || (one.migration && !standsBy(one)) || one.retiring) continue;
    // What it gave back before is not free yet.
    if (one.held.size > 0) continue;
    const target = smaller(
      one.phase.pipeline.stages,
      shrink.filter((each) => each.pipelineId === pipelineId),
    );
    const reason = 'its caches shrink, so that another model has room';
    const migration = { target, preloads: [], isMomentary: true, cutOver: 'after-draining', reason } as const;
    return { type: 'migrate', pipelineId, migration };
  }
  return undefined;
}

/** What the pipeline that needs the room waits for, for people. */
export function describeShrinking(shrink: readonly CacheToShrink[]): string {
  const names = [...new Set(shrink.map(({ model: owner }) => owner))].join(', ');
  return hubText('waits-for-caches', { names });
}

/** The same stages with that much less room for caches: each gives what it can, the largest cache of a worker first. */
function smaller(stages: readonly Stage[], shrink: readonly CacheToShrink[]): TargetStage[] {
  const left = new Map(shrink.map(({ workerId, bytes }) => [workerId, bytes]));
  const target = stages.map(targetOf);
  for (const stage of target.toSorted((one, other) => other.cacheBytes - one.cacheBytes)) {
    const bytes = Math.min(left.get(stage.workerId) ?? 0, stage.cacheBytes);
    left.set(stage.workerId, (left.get(stage.workerId) ?? 0) - bytes);
    stage.cacheBytes -= bytes;
    stage.memoryBytes -= bytes;
  }
  return target;
}

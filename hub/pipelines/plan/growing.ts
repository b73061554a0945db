/** Which stages have less room for caches than their workers could give them by now? */
import { freeBytes, type GridWorker } from '../../placement/gridView.ts';
import { isGpu } from '../../placement/isGpu.ts';
import { sessionTokens } from '../../placement/sessionTokens.ts';
import { shareCaches } from '../../placement/shareCaches.ts';
import { assignmentsOf } from '../assignmentsOf.ts';
import { isCut, type CutStage, type Stage } from '../pipeline.ts';
import type { Command } from '../state/commands.ts';
import type { PipelineState } from '../state/state.ts';
import type { Context } from './context.ts';
import type { Place } from './placing.ts';
import { standsBy } from './standingBy.ts';
import { whileSame } from './whileSame.ts';

/** Who has room for so many conversations of full length has enough. */
const enoughSessions = 4;
/** Conversations must be able to be so many times as long, so that stages do not grow with every byte that becomes free. */
const leastGrowth = 1.25;

/**
 * What a pipeline got while memory was short, or gave back for another model, comes back once there is room: its stages stay
 * where they are, and answers go on meanwhile. Whoever has no place yet comes first.
 */
export function growCaches(context: Context): Command | undefined {
  const { state, grid } = context;
  const all = [...state.pipelines.values()];
  if (all.some((one) => isAboutToBePlaced(one, context))) return undefined;
  for (const one of all) {
    const { phase, migration, retiring, held, id: pipelineId } = one;
    if (phase.type !== 'serving' || retiring || held.size > 0 || (migration && !standsBy(one))) continue;
    const { pipeline } = phase;
    if (roomOf(pipeline.stages) >= enoughSessions * one.model.package.contextLength) continue;
    const stages = whileSame(grid.capacity, `room of ${pipelineId}`, [pipeline.stages], () =>
      grownStages(one, pipeline.stages, context),
    );
    if (!stages || !isCut(stages)) continue;
    const grown = stages.filter((stage, index) => stage !== pipeline.stages[index]);
    const ids = new Set(grown.map(({ assignmentId }) => assignmentId));
    const messages = assignmentsOf({ ...pipeline, stages }, state.settings.stageDeadlineMs).filter(
      ([, { assignmentId }]) => ids.has(assignmentId),
    );
    return { type: 'resize', pipelineId, stages: grown, messages };
  }
  return undefined;
}

/** It waits for room that others are to give back, or is tried again in a moment. */
function isAboutToBePlaced({ phase }: PipelineState, { now }: Context): boolean {
  if (phase.type !== 'missing') return false;
  return (phase.refusal as Place | undefined)?.ok === true || (phase.againAt ?? -Infinity) > now;
}

/** @returns the stages with the room that they would get if they were placed now; undefined where that is hardly more */
function grownStages(
  { id, model: { package: model } }: PipelineState,
  stages: readonly CutStage[],
  { grid }: Context,
): readonly CutStage[] | undefined {
  const own = new Set([id]);
  const workers = new Map(stages.map(({ workerId }) => [workerId, grid.view.workers.get(workerId)]));
  if ([...workers.values()].includes(undefined)) return undefined;
  const freeAt = (workerId: Stage['workerId']): number =>
    freeBytes((workers.get(workerId) as GridWorker).memory, own);
  const shares = shareCaches(model, stages, (workerId) => {
    const { device } = workers.get(workerId) as GridWorker;
    return { freeBytes: freeAt(workerId), isGpu: isGpu(device) };
  });
  const grown = stages.map((stage, index) => {
    const { memoryBytes, cacheBytes } = shares[index] as (typeof shares)[number];
    const fixed = stage.reservedBytes - stage.mostCacheBytes;
    const mostCacheBytes = Math.min(cacheBytes, memoryBytes - fixed);
    if (mostCacheBytes <= stage.mostCacheBytes) return stage;
    return { ...stage, mostCacheBytes, reservedBytes: fixed + mostCacheBytes };
  });
  const [before, after] = [roomOf(stages), roomOf(grown)];
  const isWhole = before < model.contextLength && after >= model.contextLength;
  if (after < leastGrowth * before && !isWhole) return undefined;
  const fits = [...workers.keys()].every((workerId) => {
    const here = grown.filter((stage) => stage.workerId === workerId);
    return here.reduce((sum, { reservedBytes }) => sum + reservedBytes, 0) <= freeAt(workerId);
  });
  return fits ? grown : undefined;
}

/** Tokens of the longest conversation that all stages have room for, whatever the model takes. */
function roomOf(stages: readonly CutStage[]): number {
  return Math.min(
    ...stages.map(({ mostCacheBytes, description }) =>
      sessionTokens({ ...description, cacheBytes: mostCacheBytes }),
    ),
  );
}

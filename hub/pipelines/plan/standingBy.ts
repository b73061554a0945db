/** Who loads, ahead of time, what a running pipeline would miss most? */
import type { WorkerId } from '@potluck/protocol';
import { freeBytes, reservedBytes, type GridWorker } from '../../placement/gridView.ts';
import { stageBytes, stageMemory } from '../../placement/stageMemory.ts';
import { targetOf, type Stage, type TargetStage } from '../pipeline.ts';
import type { Command } from '../state/commands.ts';
import { stagesOf, usesWorker, type PipelineState } from '../state/state.ts';
import type { Context } from './context.ts';
import { findBarred } from './findBarred.ts';
import { whileSame } from './whileSame.ts';

/**
 * One holder for every stage, as far as workers that have no stage of the pipeline have room, and no more of the grid's memory
 * is used than the operator lets standbys fill. When the stage is lost, its holder takes its place without loading anything.
 */
export function preloadStandby(one: PipelineState, context: Context): Command | undefined {
  const { phase, plan, migration, retiring, standbyFrom = Infinity, cutAgainAt = -Infinity, id } = one;
  const { grid, now, state } = context;
  if (phase.type !== 'serving' || migration || retiring || plan.mode === 'manual') return undefined;
  if (grid.standbyShare <= 0 || now < Math.max(standbyFrom, cutAgainAt)) return undefined;
  if ([...state.pipelines.values()].some(needsRoom)) return undefined;
  const { stages } = phase.pipeline;
  const inputs = [stages, one.quarantine, grid.standbyShare];
  const preloads = whileSame(grid.capacity, `standby of ${id}`, inputs, () => holdersFor(one, context));
  if (preloads.length === 0) return undefined;
  return {
    type: 'migrate',
    pipelineId: id,
    migration: {
      ...{ target: stages.map(targetOf), preloads, isMomentary: false, cutOver: 'never' },
      reason: 'holders stand by, in case a stage is lost',
    },
  };
}

/** What stands by gives way where a model finds no place, and where nobody is to stand by any more. */
export function dropStandby(context: Context): Command | undefined {
  const pipelines = [...context.state.pipelines.values()];
  const isUnwanted = context.grid.standbyShare <= 0 || pipelines.some(needsRoom);
  return isUnwanted ? letStandbyGo(context) : undefined;
}

/** The first standby of all; undefined where nobody stands by. */
export function letStandbyGo({ state }: Context): Command | undefined {
  const one = [...state.pipelines.values()].find(standsBy);
  const reason = 'nobody stands by any more: the room is needed, or the settings say so';
  return one && { type: 'drop-migration', pipelineId: one.id, quarantine: [], reason };
}

/** True where all that the pipeline's migration does is to hold stages ready. */
export const standsBy = ({ migration }: Pick<PipelineState, 'migration'>): boolean =>
  migration?.cutOver === 'never';

const needsRoom = ({ phase }: PipelineState): boolean =>
  phase.type === 'missing' && phase.refusal !== undefined;

function holdersFor(one: PipelineState, context: Context): TargetStage[] {
  const { grid } = context;
  const { unableToo } = findBarred(one, context);
  const workers = [...grid.view.workers.values()];
  const free = new Map(
    workers
      .filter(({ id }) => !unableToo.has(id) && !usesWorker(one, id))
      .map((worker) => [worker.id, { worker, bytes: freeBytes(worker.memory) }]),
  );
  const offered = workers.reduce((sum, { memory }) => sum + memory.offeredBytes, 0);
  const used = workers.reduce((sum, { memory }) => sum + reservedBytes(memory), 0);
  let left = grid.standbyShare * offered - used;
  const holders: TargetStage[] = [];
  const bySize = stagesOf(one).toSorted((first, other) => other.reservedBytes - first.reservedBytes);
  for (const stage of bySize) {
    const holder = holderOf(one, stage, { free: [...free.values()], left, holders, context });
    if (!holder) continue;
    holders.push(holder);
    left -= holder.memoryBytes;
    const at = free.get(holder.workerId);
    if (at) at.bytes -= holder.memoryBytes;
  }
  return holders;
}

interface Choice {
  free: readonly { worker: GridWorker; bytes: number }[];
  left: number;
  holders: readonly TargetStage[];
  context: Context;
}

/** A device of the same kind rounds alike, so that answers go on with the words that they would have had. */
function holderOf(
  { model }: PipelineState,
  stage: Stage,
  { free, left, holders, context: { grid } }: Choice,
): TargetStage | undefined {
  const { firstLayer, lastLayer } = stage;
  const least = stageBytes(model.package)(firstLayer, lastLayer);
  const kind = grid.deviceKindOf(stage.workerId);
  const held = (id: WorkerId): number => holders.filter(({ workerId }) => workerId === id).length;
  const choices = free
    .filter(({ bytes }) => Math.min(bytes, left) >= least)
    .map(({ worker: { id }, bytes }) => ({
      ...{ id, bytes, held: held(id), isSame: grid.deviceKindOf(id) === kind },
    }))
    .sort(
      (one, other) =>
        Number(other.isSame) - Number(one.isSame) || one.held - other.held || other.bytes - one.bytes,
    );
  const [best] = choices;
  if (!best) return undefined;
  // Room for as many answers as the stage has, where there is so much.
  const hasAll = stage.reservedBytes >= least && Math.min(best.bytes, left) >= stage.reservedBytes;
  return {
    ...targetOf(stage),
    ...{ workerId: best.id, workerName: grid.nameOf(best.id) },
    ...(hasAll
      ? {}
      : {
          memoryBytes: least,
          cacheBytes: stageMemory(model.package)(firstLayer, lastLayer).cacheBytes,
        }),
  };
}

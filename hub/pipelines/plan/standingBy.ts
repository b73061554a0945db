/** Who loads, ahead of time, what a running pipeline would miss most? */
import { findCandidates, type Candidate } from '../../placement/candidates.ts';
import { reservedBytes } from '../../placement/gridView.ts';
import { stageBytes, stageMemory } from '../../placement/stageMemory.ts';
import { standInTime } from '../../placement/standInTime.ts';
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
  const { model } = one;
  const workers = [...grid.view.workers.values()];
  const offered = workers.reduce((sum, { memory }) => sum + memory.offeredBytes, 0);
  const used = workers.reduce((sum, { memory }) => sum + reservedBytes(memory), 0);
  const leastOf = stageBytes(model.package);
  const stages = stagesOf(one).map((stage, index) => {
    const { firstLayer, lastLayer } = stage;
    return { stage, index, least: leastOf(firstLayer, lastLayer) };
  });
  const smallest = Math.min(...stages.map(({ least }) => least));
  let left = grid.standbyShare * offered - used;
  if (left < smallest) return [];
  const { unableToo } = findBarred(one, context);
  const free = findCandidates(grid.view, model.package, { barred: unableToo })
    .candidates.filter(({ id, memoryBytes }) => memoryBytes >= smallest && !usesWorker(one, id))
    .map((candidate) => ({ candidate, bytes: candidate.memoryBytes }));
  const holders: TargetStage[] = [];
  for (const { stage, index, least } of stages.toSorted((left, right) => right.least - left.least)) {
    const choices = free.filter(({ bytes }) => Math.min(bytes, left) >= least);
    const best = bestHolder(one, index, { choices, holders, context });
    if (!best) continue;
    // Room for as many answers as the stage has, where there is so much.
    const hasAll = stage.reservedBytes >= least && Math.min(best.bytes, left) >= stage.reservedBytes;
    const { firstLayer, lastLayer } = stage;
    const { cacheBytes } = stageMemory(model.package)(firstLayer, lastLayer);
    const { id } = best.candidate;
    const holder: TargetStage = {
      ...targetOf(stage),
      ...{ workerId: id, workerName: grid.nameOf(id) },
      ...(hasAll ? {} : { memoryBytes: least, cacheBytes }),
    };
    holders.push(holder);
    left -= holder.memoryBytes;
    best.bytes -= holder.memoryBytes;
  }
  return holders;
}

interface Choice {
  candidate: Candidate;
  /** What it has left. */
  bytes: number;
}

/** Times that differ by less are the same. */
const sameTime = 1.1;
/** A device of another kind rounds otherwise, so that answers go on with other words: so many times as fast is worth that. */
const worthOtherWords = 2;

/** Whoever makes a token fastest when it has to serve; of equals, who holds least, then who has most room. */
function bestHolder(
  one: PipelineState,
  index: number,
  {
    choices,
    holders,
    context: { grid },
  }: { choices: readonly Choice[]; holders: readonly TargetStage[]; context: Context },
): Choice | undefined {
  const stages = stagesOf(one);
  const timeAt = standInTime({ model: one.model.package, grid: grid.view }, stages, index);
  const kind = grid.deviceKindOf((stages[index] as Stage).workerId);
  const held = ({ candidate }: Choice): number =>
    holders.filter(({ workerId }) => workerId === candidate.id).length;
  const pace = ({ candidate }: Choice): number => {
    const words = grid.deviceKindOf(candidate.id) === kind ? 1 : worthOtherWords;
    return Math.round(Math.log(Math.max(1e-6, words * timeAt(candidate))) / Math.log(sameTime));
  };
  let best: { choice: Choice; order: readonly number[] } | undefined;
  for (const choice of choices) {
    const order = [pace(choice), held(choice), -choice.bytes];
    if (!best || comesBefore(order, best.order)) best = { choice, order };
  }
  return best?.choice;
}

function comesBefore(one: readonly number[], other: readonly number[]): boolean {
  const differs = one.findIndex((value, index) => value !== other[index]);
  return differs >= 0 && (one[differs] as number) < (other[differs] as number);
}

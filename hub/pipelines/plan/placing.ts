/** Where a pipeline could go: what is asked of placement, and nowhere else. */
import { hubText } from '@potluck/api/hub-texts';
import type { ModelPackage, WorkerId } from '@potluck/protocol';
import { place, type PlacementResult } from '../../placement/place.ts';
import type { CacheToShrink } from '../../placement/shrinkCaches.ts';
import type { TargetStage } from '../pipeline.ts';
import { nextPardon } from '../state/quarantine.ts';
import { conversationTokensOf, stagesOf, type PipelineState } from '../state/state.ts';
import type { Context } from './context.ts';
import { findBarred, type Barred } from './findBarred.ts';
import { whileSame } from './whileSame.ts';

/** The stages with their workers and the caches that must shrink before, or what is missing, for people. */
export type Place =
  { ok: true; stages: TargetStage[]; shrink: readonly CacheToShrink[] } | { ok: false; missing: string };

/**
 * Where the pipeline goes by its plan.
 * @param former stages that it has or had, which are to stay where they are if that does
 * @param mayShrink true where caches of other models may be told to shrink
 * @returns the same value while nothing changed that it depends on
 */
export function placeFor(
  one: PipelineState,
  context: Context,
  former: PipelineState['former'],
  mayShrink = false,
): Place {
  const { plan, quarantine, id } = one;
  const { grid, now } = context;
  const stayed = former.map(({ workerId, firstLayer }) => `${workerId}[${firstLayer}]`).join();
  const pardon = nextPardon(quarantine, now);
  const inputs = [plan, quarantine, pardon, grid.workersStarting, conversationTokensOf(one)];
  return whileSame(grid.capacity, `${id} ${stayed} ${mayShrink}`, inputs, () =>
    findPlace(one, context, { former, mayShrink }),
  );
}

/** The same from what is known at this moment, speeds and links included. `without`: workers that are to have no stage. */
export function findPlace(
  one: PipelineState,
  context: Context,
  {
    former = [],
    mayShrink = false,
    without = [],
  }: { former?: PipelineState['former']; mayShrink?: boolean; without?: readonly WorkerId[] } = {},
): Place {
  const { plan, model, id } = one;
  const { grid } = context;
  const { barred, unableToo, unable } = findBarred(one, context);
  if (unable) return { ok: false, missing: describeUnable(model.package, unable) };
  const starting = grid.workersStarting;
  if (plan.mode === 'shards' && grid.view.workers.size - barred.size < plan.count && starting > 0) {
    const code = starting === 1 ? 'waits-for-worker' : 'waits-for-workers';
    return { ok: false, missing: hubText(code, { count: starting }) };
  }
  const placeBut = (others: Barred['barred']): PlacementResult['replicas'][number] | undefined =>
    place({
      ...{ model: model.package, plan, grid: grid.view, replicas: [former] },
      barred: new Map([...without.map((workerId) => [workerId, 'is slow'] as const), ...others]),
      replaced: new Set([id]),
      mayShrink,
      conversationTokens: conversationTokensOf(one),
      nameOf: (nodeId) => grid.nameOf(nodeId),
    }).replicas[0];
  // Those that failed for want of code may still serve other layers, where the others do not suffice.
  const able = placeBut(unableToo);
  const found = able?.ok || unableToo.size === barred.size ? able : placeBut(barred);
  if (!found?.ok) return { ok: false, missing: found?.message ?? 'no replica of it is wanted' };
  const stages = found.stages.map((stage) => ({ ...stage, workerName: grid.nameOf(stage.workerId) }));
  return { ok: true, stages, shrink: found.shrink };
}

/** Where stages would go that share a worker while others have none. */
export interface Spread {
  stages: TargetStage[];
  /** Whoever serves keeps its stages as they are. */
  isMomentary: boolean;
}

/** @returns undefined where the pipeline has as many workers as it can have */
export function spreadFor(one: PipelineState, context: Context): Spread | undefined {
  const stages = stagesOf(one);
  // Nobody has more than one: there is nothing to spread.
  if (one.plan.mode !== 'shards' || workersOf(stages) === stages.length) return undefined;
  const found = placeFor(one, context, stages);
  if (!found.ok || workersOf(found.stages) <= workersOf(stages)) return undefined;
  const isMomentary = stages.every(({ firstLayer }, index) => found.stages[index]?.firstLayer === firstLayer);
  return { stages: found.stages, isMomentary };
}

/** How many workers stages are on. */
export function workersOf(stages: readonly Pick<TargetStage, 'workerId'>[]): number {
  return new Set(stages.map(({ workerId }) => workerId)).size;
}

function describeUnable(
  { float16 }: ModelPackage,
  { names, reasons }: { names: string[]; reasons: string[] },
): string {
  const who = names.length > 3 ? `${names.length} devices` : names.join(', ');
  const variant = float16 ? 'one without f16, such as model_q4' : 'such as model_q4 or model';
  return (
    `no device here can run this variant of the model (${who}: ${reasons.join('; ')}). ` +
    `Add another variant, ${variant}. This one is tried again when another kind of device joins, or when it is deployed again.`
  );
}

/** Would a pipeline be faster elsewhere, by so much that the move pays? */
import type { WorkerId } from '@potluck/protocol';
import { contextOf } from '../../placement/contextOf.ts';
import { usualCacheTokens } from '../../placement/stageMemory.ts';
import { tokenTime } from '../../placement/prediction/tokenTime.ts';
import { worthMoving, type MoveVerdict } from '../../placement/worthMoving.ts';
import { isSameStage } from '../../placement/layerRange.ts';
import type { TargetStage } from '../pipeline.ts';
import type { Command } from '../state/commands.ts';
import { conversationTokensOf, stagesOf, usesWorker, type PipelineState } from '../state/state.ts';
import { weighedAt } from '../state/weighed.ts';
import type { Context } from './context.ts';
import { findPlace, workersOf } from './placing.ts';
import { standsBy } from './standingBy.ts';

/**
 * Nobody knows what will be asked. As much as was asked so far is to be expected (who rents until the rent has paid for
 * the skis pays twice the least at most); and some dozens of answers, where the model has just come.
 */
const leastExpectedTokens = 10_000;
/** How long requests wait while a pipeline goes to stages that are loaded. */
const moveMs = 1000;
/**
 * A token of a repaired pipeline takes so many times as long as it would elsewhere: its answers go on there. All their tokens
 * may have to be computed again, which pays once a third as many are still to come.
 */
const urgentGain = 4;
/** A placement looks at each worker that is here: how rarely it is asked keeps what it costs far below a thousandth. */
const pauseMsPerWorker = 1000;

/** Asked when workers came or went, or answers were given, since it was asked last. */
export function moveWhereItPays(one: PipelineState, context: Context): Command | undefined {
  const { phase, plan, migration, retiring, weighed, tokens, cutAgainAt = -Infinity, id: pipelineId } = one;
  const { grid, now } = context;
  if (phase.type !== 'serving' || plan.mode === 'manual' || retiring || !weighed) return undefined;
  if (migration && !standsBy(one)) return undefined;
  if (now < Math.max(weighed.againAt, cutAgainAt)) return undefined;
  const { capacity } = grid;
  if (weighed.capacity === capacity && weighed.tokens === tokens) return undefined;
  const target = findTarget(one, context, Math.max(leastExpectedTokens, tokens));
  const pauseMs = grid.view.workers.size * pauseMsPerWorker;
  const next = weighedAt(now, weighed, { isMoving: target !== undefined, capacity, tokens, pauseMs });
  if (!target) return { type: 'stay', pipelineId, weighed: next };
  const { stages, reason, timesAsFast, mustPay } = target;
  // What stands in for a lost device may be so slow that the answers under way would go on for minutes.
  const isUrgent = !mustPay || (weighed.isRepaired === true && timesAsFast >= urgentGain);
  const preloads = stages.filter(({ workerId }) => !usesWorker(one, workerId));
  return {
    type: 'migrate',
    pipelineId,
    migration: {
      ...{ target: stages, preloads, isMomentary: true, mustPay },
      cutOver: isUrgent ? 'at-once' : 'after-draining',
      reason,
    },
    weighed: next,
  };
}

/** What a worker does was a guess before it had loaded its stage and tried it. */
export function dropWhatDoesNotPay(one: PipelineState, context: Context): Command | undefined {
  const { phase, migration, id: pipelineId } = one;
  if (phase.type !== 'serving' || !migration?.mustPay || migration.step !== 'loaded') return undefined;
  // What was loaded is paid for.
  const { isWorth, reason } = weigh(one, context, migration.target, Infinity);
  return isWorth ? undefined : { type: 'drop-migration', pipelineId, quarantine: [], reason };
}

/** Where it would go if it were placed now; else, another worker in place of the slowest one. */
function findTarget(
  one: PipelineState,
  context: Context,
  expectedTokens: number,
): { stages: readonly TargetStage[]; reason: string; timesAsFast: number; mustPay: boolean } | undefined {
  const current = stagesOf(one);
  const ways = [
    () => findPlace(one, context),
    () => findPlace(one, context, { former: current, without: slowestOf(one, context) }),
  ];
  for (const find of ways) {
    const place = find();
    if (!place.ok || !isMomentary(one, place.stages) || isShorter(one, place.stages)) continue;
    if (one.plan.mode === 'shards' && workersOf(place.stages) < workersOf(current)) continue;
    const { stages } = place;
    const { isWorth, reason, timesAsFast } = weigh(one, context, stages, expectedTokens);
    if (isWorth) return { stages, reason: `it is faster elsewhere: ${reason}`, timesAsFast, mustPay: true };
    if (hasRoomOnlyThere(one, stages)) {
      const why = 'the answers under way have room elsewhere';
      return { stages, reason: why, timesAsFast: Infinity, mustPay: false };
    }
  }
  return undefined;
}

/** False where nothing moves, and where who stays would have other layers to load, while nobody serves. */
function isMomentary(one: PipelineState, target: readonly TargetStage[]): boolean {
  const moved = target.filter((stage) => !stagesOf(one).some((present) => isSameStage(present, stage)));
  return moved.length > 0 && moved.every(({ workerId }) => !usesWorker(one, workerId));
}

/** True where usual conversations would have room no more. */
function isShorter(one: PipelineState, target: readonly TargetStage[]): boolean {
  const { tokens } = contextOf(one.model.package, target);
  return tokens < Math.min(usualCacheTokens, presentContext(one));
}

/** True where answers have no room where the pipeline is, and have it there. */
function hasRoomOnlyThere(one: PipelineState, target: readonly TargetStage[]): boolean {
  const wanted = Math.min(one.model.package.contextLength, conversationTokensOf(one));
  return presentContext(one) < wanted && contextOf(one.model.package, target).tokens >= wanted;
}

/** In tokens. */
function presentContext({ model, ...one }: PipelineState): number {
  const present = stagesOf(one).map((stage) => ({ ...stage, cacheBytes: stage.mostCacheBytes }));
  return contextOf(model.package, present).tokens;
}

function slowestOf(one: PipelineState, { grid }: Context): WorkerId | undefined {
  const { stages } = tokenTime(one.model.package, stagesOf(one), grid.view);
  const slowest = stages.toSorted((left, right) => right.milliseconds - left.milliseconds)[0];
  return slowest?.nodeId as WorkerId | undefined;
}

function weigh(
  one: PipelineState,
  { grid }: Context,
  target: readonly TargetStage[],
  expectedTokens: number,
): MoveVerdict {
  const { model } = one;
  const current = stagesOf(one);
  return worthMoving({
    model: model.package,
    grid: grid.view,
    current,
    target,
    expectedTokens,
    pauseMs: moveMs,
  });
}

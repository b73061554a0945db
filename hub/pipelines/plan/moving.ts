/** Would a pipeline be faster elsewhere, by so much that the move pays? */
import type { WorkerId } from '@potluck/protocol';
import { contextOf } from '../../placement/contextOf.ts';
import { freeBytes } from '../../placement/gridView.ts';
import { mostPromising } from '../../placement/prediction/promisedTime.ts';
import { stageBytes, usualCacheTokens } from '../../placement/stageMemory.ts';
import { tokenTime } from '../../placement/prediction/tokenTime.ts';
import { worthMoving, type MoveQuestion, type MoveVerdict } from '../../placement/worthMoving.ts';
import { isSameStage, type StageAt } from '../../placement/layerRange.ts';
import type { Stage, TargetStage } from '../pipeline.ts';
import type { Command } from '../state/commands.ts';
import { conversationTokensOf, stagesOf, usesWorker, type PipelineState } from '../state/state.ts';
import type { Migration } from '../state/migration.ts';
import { barOf, isBelieved, weighedAt, type Hope, type MovePromise, type Weighed } from '../state/weighed.ts';
import type { Context } from './context.ts';
import { findBarred } from './findBarred.ts';
import { findPlace, workersOf, type Place } from './placing.ts';
import { standsBy } from './standingBy.ts';
import { whileSame } from './whileSame.ts';

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

/** Asked when workers came or went, or answers were given, since it was asked last; more often while it may soon move. */
export function moveWhereItPays(one: PipelineState, context: Context): Command | undefined {
  const { phase, plan, migration, retiring, weighed, tokens, cutAgainAt = -Infinity, id: pipelineId } = one;
  const { grid, now } = context;
  if (phase.type !== 'serving' || plan.mode === 'manual' || retiring || !weighed) return undefined;
  if (migration && !standsBy(one)) return undefined;
  if (now < Math.max(weighed.againAt, cutAgainAt)) return undefined;
  const { capacity } = grid;
  const { hope } = weighed;
  if (weighed.capacity === capacity && weighed.tokens === tokens && !hope) return undefined;
  const pauseMs = grid.view.workers.size * pauseMsPerWorker;
  const next = (isMoving: boolean, hoped?: Hope): Weighed => {
    const asked = { capacity, tokens, pauseMs, isMoving };
    return weighedAt(now, weighed, hoped ? { ...asked, hope: hoped } : asked);
  };
  const expected = Math.max(leastExpectedTokens, tokens);
  // Placing costs more than looking whether it is still so.
  const seen = hope && lookAgain(one, context, weighed, hope, expected);
  if (hope && seen !== 'believed') {
    return { type: 'stay', pipelineId, weighed: next(false, seen === 'lasts' ? hope : undefined) };
  }
  const target = findTarget(one, context, expected);
  if (!target) return { type: 'stay', pipelineId, weighed: next(false) };
  const { stages, reason, timesAsFast, mustPay, isBold } = target;
  // A moment says little. Who stands in for a lost device was never chosen for its speed.
  const isSure = !mustPay || weighed.isRepaired === true || (hope && (hope.isBold || !isBold));
  if (!isSure) {
    const since = hope?.since ?? now;
    const hoped = { since, tokens: hope?.tokens ?? tokens, target: stages, isBold };
    return { type: 'stay', pipelineId, weighed: next(false, hoped) };
  }
  // What stands in for a lost device may be so slow that the answers under way would go on for minutes.
  const isUrgent = !mustPay || (weighed.isRepaired === true && timesAsFast >= urgentGain);
  const preloads = stages.filter(({ workerId }) => !usesWorker(one, workerId));
  return {
    type: 'migrate',
    pipelineId,
    migration: {
      ...{ target: stages, preloads, isMomentary: true, mustPay, isBold },
      cutOver: isUrgent ? 'at-once' : 'after-draining',
      reason,
    },
    weighed: next(true),
  };
}

/** Is what is hoped for still so, and has it been so for long enough? */
function lookAgain(
  one: PipelineState,
  context: Context,
  weighed: Weighed,
  hope: Hope,
  expectedTokens: number,
): 'gone' | 'lasts' | 'believed' {
  const isWorth = (isBold: boolean): boolean =>
    weigh(one, context, hope.target, { isBold, expectedTokens }).isWorth;
  const isBold = hope.isBold && !isWorth(false);
  if (isBelieved({ ...hope, isBold }, weighed, { at: context.now, tokens: one.tokens })) return 'believed';
  return isWorth(isBold) ? 'lasts' : 'gone';
}

/** What a worker does was a guess before it had loaded its stage and tried it. */
export function dropWhatDoesNotPay(one: PipelineState, context: Context): Command | undefined {
  const { phase, migration, id: pipelineId } = one;
  if (phase.type !== 'serving' || !migration?.mustPay || migration.step !== 'loaded') return undefined;
  const { isWorth, reason } = weighLoaded(one, context, migration);
  return isWorth ? undefined : { type: 'drop-migration', pipelineId, quarantine: [], reason };
}

/** What is promised of a migration that is to be faster, once it has loaded. */
export function promiseOf(one: PipelineState, context: Context): MovePromise | undefined {
  const { migration } = one;
  if (!migration?.mustPay) return undefined;
  const { promise } = weighLoaded(one, context, migration);
  return promise && { ...promise, workers: migration.target.map(({ workerId }) => workerId) };
}

/** What was loaded is paid for. Weighed anew where something is new of what it goes by. */
function weighLoaded(one: PipelineState, context: Context, migration: Migration): MoveVerdict {
  const { target, isBold } = migration;
  const { view } = context.grid;
  const current = stagesOf(one);
  const workers = [...current, ...target].map(({ workerId }) => view.workers.get(workerId));
  // How busy others usually are counts for bold promises.
  const inputs = [one.weighed, current, ...(isBold ? [view] : workers)];
  return whileSame(migration, 'does it pay', inputs, () =>
    weigh(one, context, target, { isBold, expectedTokens: Infinity }),
  );
}

interface Target {
  stages: readonly TargetStage[];
  reason: string;
  timesAsFast: number;
  mustPay: boolean;
  isBold: boolean;
}

/** Where it would go if it were placed now; else, another worker in place of the slowest one; else, the one that promises most. */
function findTarget(one: PipelineState, context: Context, expectedTokens: number): Target | undefined {
  const current = stagesOf(one);
  const slowest = slowestOf(one, context);
  const without = (others: readonly WorkerId[]): Place =>
    findPlace(one, context, { former: current, without: others });
  const ways = [
    () => findPlace(one, context),
    () => (slowest ? without([slowest.workerId]) : undefined),
    // Placement goes by answers: who was only tried, or never, is as fast as any other one to it.
    () => {
      const best = slowest && bestInsteadOf(slowest, one, context);
      const others = [...context.grid.view.workers.keys()].filter(
        (id) => id === slowest?.workerId || (id !== best && !usesWorker(one, id)),
      );
      return best && without(others);
    },
  ];
  let bold: Target | undefined;
  for (const find of ways) {
    const place = find();
    if (!place?.ok || !isMomentary(one, place.stages) || isShorter(one, place.stages)) continue;
    if (one.plan.mode === 'shards' && workersOf(place.stages) < workersOf(current)) continue;
    const { stages } = place;
    const faster = (isBold: boolean): Target | undefined => {
      const { isWorth, reason, timesAsFast } = weigh(one, context, stages, { isBold, expectedTokens });
      if (!isWorth) return undefined;
      return { stages, reason: `it is faster elsewhere: ${reason}`, timesAsFast, mustPay: true, isBold };
    };
    const surely = faster(false);
    if (surely) return surely;
    if (hasRoomOnlyThere(one, stages)) {
      const reason = 'the answers under way have room elsewhere';
      return { stages, reason, timesAsFast: Infinity, mustPay: false, isBold: false };
    }
    bold ??= faster(true);
  }
  return one.weighed?.isRepaired ? undefined : bold;
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

/** The stage at the worker that takes longest. */
function slowestOf(one: PipelineState, { grid }: Context): Stage | undefined {
  const stages = stagesOf(one);
  const { stages: times } = tokenTime(one.model.package, stages, grid.view);
  const slowest = times.toSorted((left, right) => right.milliseconds - left.milliseconds)[0];
  return stages.find(({ workerId }) => workerId === slowest?.nodeId);
}

function bestInsteadOf(stage: Stage, one: PipelineState, context: Context): WorkerId | undefined {
  const { model, id } = one;
  const { grid, now } = context;
  const { unableToo } = findBarred(one, context);
  const least = stageBytes(model.package)(stage.firstLayer, stage.lastLayer);
  const question = { model: model.package, grid: grid.view, current: stagesOf(one), now };
  return mostPromising(
    question,
    stage,
    (worker) =>
      !worker.isLeaving && !unableToo.has(worker.id) && freeBytes(worker.memory, new Set([id])) >= least,
  );
}

function weigh(
  one: PipelineState,
  { grid, now }: Context,
  target: readonly StageAt[],
  { expectedTokens, isBold }: Pick<MoveQuestion, 'expectedTokens' | 'isBold'>,
): MoveVerdict {
  const { model } = one;
  const current = stagesOf(one);
  return worthMoving({
    model: model.package,
    grid: grid.view,
    current,
    target,
    ...{ expectedTokens, isBold, now },
    bar: one.weighed ? barOf(one.weighed) : 1,
    pauseMs: moveMs,
  });
}

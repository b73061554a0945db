/** Does a pipeline's move to other workers pay, or is it better left where it is? */
import { formatBytes } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import type { PlacedModel } from './candidates.ts';
import type { GridWorker } from './gridView.ts';
import type { StageAt } from './layerRange.ts';
import { lowerMedian } from './lowerMedian.ts';
import { leastGain } from './prediction/adviseOn.ts';
import { format } from './prediction/describeDominant.ts';
import { promisedTime, type PromiseQuestion } from './prediction/promisedTime.ts';
import { tokenTime } from './prediction/tokenTime.ts';
import { stageMemory } from './stageMemory.ts';

export interface MoveQuestion extends PromiseQuestion {
  model: PlacedModel;
  /** Tokens that are expected while the pipeline would stay there. */
  expectedTokens: number;
  /** How long requests wait for the move itself, in milliseconds. */
  pauseMs: number;
  /** So many times as good as otherwise must the promise be. Default 1. */
  bar?: number;
}

export interface MoveVerdict {
  isWorth: boolean;
  /** For people. */
  reason: string;
  /** How many times as long a token takes now; 1 where that is not known. */
  timesAsFast: number;
  /** What a token takes now, and what it would take there, in milliseconds; missing where that is not known. */
  promise?: { beforeMs: number; promisedMs: number };
}

/** What a worker fetches weights with where no link of its own was measured, in bytes a second. */
const usualBytesPerSecond = 10e6;

/** Part of a token's time that must be saved. A trial takes a moment: it says less than answers. */
const leastToSave: typeof leastGain = { ...leastGain, scaled: 0.4 };
/** A promise that does not count the present load in must be so many times as good. */
const leastBoldGain = 2;

/**
 * The gain must be more than noise, for each part of the target (more, the less is known of it), and what is gained over the expected tokens
 * more than the time that loading and the move take.
 */
export function worthMoving(question: MoveQuestion): MoveVerdict {
  const { model, grid, current, target, expectedTokens, pauseMs, isBold = false, bar = 1 } = question;
  const gone = current.find(({ workerId }) => !grid.workers.has(workerId));
  if (gone) return { isWorth: true, reason: 'a worker of it is gone', timesAsFast: 1 };
  if (target.some(({ workerId }) => !grid.workers.has(workerId))) {
    return { isWorth: false, reason: 'a worker that it would move to is gone', timesAsFast: 1 };
  }
  const present = tokenTime(model, current, grid);
  const there = promisedTime(question);
  const promise = { beforeMs: present.milliseconds, promisedMs: there.milliseconds };
  const gainMs = present.milliseconds - there.milliseconds;
  const timesAsFast = present.milliseconds / Math.max(1e-6, there.milliseconds);
  const change = `a token would take ${format(there.milliseconds)} ms instead of ${format(present.milliseconds)} ms`;
  const atWorstMs = [...there.stages, ...there.hops].reduce(
    (sum, { milliseconds, basis }) => sum + milliseconds / (1 - leastToSave[basis]),
    0,
  );
  if (atWorstMs * bar * (isBold ? leastBoldGain : 1) > present.milliseconds) {
    return { isWorth: false, reason: `${change}, which may be noise`, timesAsFast, promise };
  }
  const { bytes, milliseconds } = loading(question);
  const costMs = milliseconds + pauseMs;
  const tokens = Math.ceil(costMs / gainMs);
  const load =
    bytes > 0
      ? hubText('loading-pays', { room: formatBytes(bytes), tokens })
      : hubText('move-pays', { tokens });
  const pays = `${change}; ${load}`;
  if (tokens > expectedTokens) {
    return {
      isWorth: false,
      reason: `${pays}, and ${Math.floor(expectedTokens)} are expected`,
      timesAsFast,
      promise,
    };
  }
  return { isWorth: true, reason: pays, timesAsFast, promise };
}

/** What is to be loaded for stages that are new at their workers; these load at the same time. */
function loading({ model, grid, current, target }: MoveQuestion): { bytes: number; milliseconds: number } {
  const memoryOf = stageMemory(model, model.workingMemory);
  const isThere = (stage: StageAt): boolean =>
    current.some(
      (one) =>
        one.workerId === stage.workerId &&
        one.firstLayer <= stage.firstLayer &&
        one.lastLayer >= stage.lastLayer,
    );
  let bytes = 0;
  const times = new Map<string, number>();
  for (const stage of target) {
    if (isThere(stage)) continue;
    const worker = grid.workers.get(stage.workerId) as GridWorker;
    const missing =
      memoryOf(stage.firstLayer, stage.lastLayer).weightBytes * (1 - cachedShare(model, worker));
    bytes += missing;
    const time = (1000 * missing) / bytesPerSecondOf(worker);
    times.set(worker.id, (times.get(worker.id) ?? 0) + time);
  }
  return { bytes, milliseconds: Math.max(0, ...times.values()) };
}

/** Part of the model's packs that the worker has; nobody says which layers they are. */
function cachedShare({ packs }: PlacedModel, { cachedBlobs }: GridWorker): number {
  const all = packs.reduce((sum, { size }) => sum + size, 0);
  const cached = packs.reduce((sum, { sha256, size }) => sum + (cachedBlobs.has(sha256) ? size : 0), 0);
  return all === 0 ? 0 : cached / all;
}

/** The middle of what its links carry. */
function bytesPerSecondOf({ links }: GridWorker): number {
  const known = [...links.values()].flatMap(({ bytesPerSecond }) =>
    bytesPerSecond === undefined ? [] : [bytesPerSecond],
  );
  return Math.max(1, lowerMedian(known) ?? usualBytesPerSecond);
}

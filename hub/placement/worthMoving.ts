/** Does a pipeline's move to other workers pay, or is it better left where it is? */
import { formatBytes } from '@potluck/api';
import type { PlacedModel } from './candidates.ts';
import type { GridView, GridWorker } from './gridView.ts';
import type { StageAt } from './layerRange.ts';
import { leastGain } from './prediction/adviseOn.ts';
import { format } from './prediction/describeDominant.ts';
import { tokenTime } from './prediction/tokenTime.ts';
import { stageMemory } from './stageMemory.ts';

export interface MoveQuestion {
  model: PlacedModel;
  grid: GridView;
  /** Where the stages are, and where they would be; all of one replica, in order. */
  current: readonly StageAt[];
  target: readonly StageAt[];
  /** Tokens that are expected while the pipeline would stay there. */
  expectedTokens: number;
  /** How long requests wait for the move itself, in milliseconds. */
  pauseMs: number;
}

export interface MoveVerdict {
  isWorth: boolean;
  /** For people. */
  reason: string;
  /** How many times as long a token takes now; 1 where that is not known. */
  timesAsFast: number;
}

/** What a worker fetches weights with where no link of its own was measured, in bytes a second. */
const usualBytesPerSecond = 10e6;

/**
 * The gain must be more than noise, for each part of the target (more, the less is known of it), and what is gained over the expected tokens
 * more than the time that loading and the move take.
 */
export function worthMoving(question: MoveQuestion): MoveVerdict {
  const { model, grid, current, target, expectedTokens, pauseMs } = question;
  const gone = current.find(({ workerId }) => !grid.workers.has(workerId));
  if (gone) return { isWorth: true, reason: 'a worker of it is gone', timesAsFast: 1 };
  if (target.some(({ workerId }) => !grid.workers.has(workerId))) {
    return { isWorth: false, reason: 'a worker that it would move to is gone', timesAsFast: 1 };
  }
  const now = tokenTime(model, current, grid);
  const then = tokenTime(model, target, grid);
  const gainMs = now.milliseconds - then.milliseconds;
  const timesAsFast = now.milliseconds / Math.max(1e-6, then.milliseconds);
  const change = `a token would take ${format(then.milliseconds)} ms instead of ${format(now.milliseconds)} ms`;
  const atWorstMs = [...then.stages, ...then.hops].reduce(
    (sum, { milliseconds, basis }) => sum + milliseconds / (1 - leastGain[basis]),
    0,
  );
  if (atWorstMs > now.milliseconds) {
    return { isWorth: false, reason: `${change}, which may be noise`, timesAsFast };
  }
  const { bytes, milliseconds } = loading(question);
  const costMs = milliseconds + pauseMs;
  const tokens = Math.ceil(costMs / gainMs);
  const pays = `${change}; ${formatBytes(bytes)} to load pay after ${tokens} tokens`;
  if (tokens > expectedTokens) {
    return { isWorth: false, reason: `${pays}, and ${Math.floor(expectedTokens)} are expected`, timesAsFast };
  }
  return { isWorth: true, reason: pays, timesAsFast };
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
  const known = [...links.values()]
    .flatMap(({ bytesPerSecond }) => (bytesPerSecond === undefined ? [] : [bytesPerSecond]))
    .sort((one, other) => one - other);
  return Math.max(1, known[Math.floor((known.length - 1) / 2)] ?? usualBytesPerSecond);
}

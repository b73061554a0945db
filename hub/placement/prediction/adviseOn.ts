/** Which device slows a pipeline down: the one whose layers would gain most at another. */
import type { Basis, Prediction } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import type { PipelineId, WorkerId } from '@potluck/protocol';
import { freeBytes, reclaimableForModel, type GridView, type GridWorker } from '../gridView.ts';
import { format } from './describeDominant.ts';
import { leastSure } from './leastSure.ts';
import { stepMs, tokenSpeed } from './stepTime.ts';
import { weightBytesPerToken, type PredictedModel } from './tokenBytes.ts';
import { tokenTime, type TokenTime } from './tokenTime.ts';
import type { StageToPredict } from './stageToPredict.ts';

/** Part of a token's time that another device must save to be worth a word: more, the less is known of it. */
export const leastGain: Record<Basis, number> = { measured: 0.2, scaled: 0.3, estimated: 0.5 };
/** So many of the slowest are compared with so many of the fastest. */
const mostCompared = { slow: 4, fast: 12 };

/** A pipeline in which one worker's layers are at another. */
interface Move {
  from: WorkerId;
  to: GridWorker;
  milliseconds: number;
  /** Of what the other worker would do. */
  basis: Basis;
  hasRoom: boolean;
}

/**
 * @param now what a token takes
 * @param contextTokens what stands before that token
 * @param replaced pipelines whose memory counts as free
 * @param others workers that have another replica: its layers would slow both down
 */
export function adviseOn(
  model: PredictedModel,
  stages: readonly StageToPredict[],
  {
    grid,
    now,
    contextTokens,
    replaced,
    others,
  }: {
    grid: GridView;
    now: TokenTime;
    contextTokens: number;
    replaced?: ReadonlySet<PipelineId> | undefined;
    others?: ReadonlySet<WorkerId> | undefined;
  },
): Pick<Prediction, 'slowestNodeId' | 'advice'> {
  const fastest = fastestWorkers(model, grid, others);
  const moves = slowestWorkers(now).flatMap((from) =>
    fastest
      .filter(({ id }) => id !== from)
      .map((to): Move => {
        const moved = stages.map((stage) =>
          stage.workerId === from ? { ...stage, workerId: to.id } : stage,
        );
        const taken = moved.reduce(
          (sum, { workerId, memoryBytes, leastMemoryBytes = memoryBytes }) =>
            sum + (workerId === to.id ? leastMemoryBytes : 0),
          0,
        );
        const time = tokenTime(model, moved, grid, contextTokens);
        const basis = leastSure(time.stages.filter(({ nodeId }) => nodeId === to.id));
        // As placement does: its own caches are as small as they may be, and those of other models give room back.
        const hasRoom =
          taken <= freeBytes(to.memory, replaced) + reclaimableForModel(to.memory, model.id, replaced);
        return { from, to, milliseconds: time.milliseconds, basis, hasRoom };
      }),
  );
  const [best] = moves
    .filter(({ basis, milliseconds }) => milliseconds <= (1 - leastGain[basis]) * now.milliseconds)
    .sort((one, other) => one.milliseconds - other.milliseconds);
  if (!best) return { slowestNodeId: null, advice: null };
  const slow = grid.workers.get(best.from)?.name ?? best.from;
  const sentence = hubText(best.basis === 'estimated' ? 'slows-down-by-guess' : 'slows-down', {
    device: slow,
    other: best.to.name,
    spent: format(best.milliseconds),
    milliseconds: format(now.milliseconds),
  });
  return {
    slowestNodeId: best.from,
    advice: best.hasRoom ? sentence : hubText('no-room-for-them', { sentence, other: best.to.name }),
  };
}

/** Workers at which a token is longest, the ways from and to them included. */
function slowestWorkers({ stages, hops }: TokenTime): WorkerId[] {
  const times = new Map<string, number>();
  const add = (id: string, milliseconds: number): void => {
    times.set(id, (times.get(id) ?? 0) + milliseconds);
  };
  for (const { nodeId, milliseconds } of stages) add(nodeId, milliseconds);
  for (const { fromNodeId, toNodeId, milliseconds } of hops) {
    add(fromNodeId, milliseconds);
    add(toNodeId, milliseconds);
  }
  return [...times]
    .sort(([, one], [, other]) => other - one)
    .slice(0, mostCompared.slow)
    .map(([id]) => id as WorkerId);
}

function fastestWorkers(
  model: PredictedModel,
  { workers }: GridView,
  others: ReadonlySet<WorkerId> = new Set(),
): GridWorker[] {
  const weightBytes = weightBytesPerToken(model, { firstLayer: 0, lastLayer: model.layers.length - 1 });
  return [...workers.values()]
    .filter(({ id, unusable, isLeaving }) => unusable === undefined && !isLeaving && !others.has(id))
    .map((worker) => ({
      worker,
      milliseconds: stepMs(tokenSpeed(worker, { model: model.id, weightBytes }), weightBytes),
    }))
    .sort((one, other) => one.milliseconds - other.milliseconds)
    .slice(0, mostCompared.fast)
    .map(({ worker }) => worker);
}

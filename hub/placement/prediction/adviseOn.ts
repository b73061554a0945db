/** Which device slows a pipeline down: the one whose layers would gain most at another. */
import type { Basis, Prediction } from '@potluck/api';
import type { WorkerId } from '@potluck/protocol';
import { format } from './describeDominant.ts';
import { leastSure } from './leastSure.ts';
import type { PredictedModel } from './tokenBytes.ts';
import { tokenTime, type PredictedGrid, type PredictedWorker, type StageToPredict } from './tokenTime.ts';

/** Part of a token's time that another device must save to be worth a word: more, the less is known of it. */
const leastGain: Record<Basis, number> = { measured: 0.2, scaled: 0.3, estimated: 0.5 };

/** A pipeline in which one worker's layers are at another. */
interface Move {
  from: WorkerId;
  to: PredictedWorker;
  milliseconds: number;
  /** Of what the other worker would do. */
  basis: Basis;
  hasRoom: boolean;
}

export function adviseOn(
  model: PredictedModel,
  stages: readonly StageToPredict[],
  grid: PredictedGrid,
): Pick<Prediction, 'slowestNodeId' | 'advice'> {
  const now = tokenTime(model, stages, grid).milliseconds;
  const used = [...new Set(stages.map(({ workerId }) => workerId))];
  const moves = used.flatMap((from) =>
    grid.workers.filter(({ id }) => id !== from).map((to) => move(model, stages, grid, { from, to })),
  );
  const [best] = moves
    .filter(({ basis, milliseconds }) => milliseconds <= (1 - leastGain[basis]) * now)
    .sort((one, other) => one.milliseconds - other.milliseconds);
  if (!best) return { slowestNodeId: null, advice: null };
  const slow = grid.workers.find(({ id }) => id === best.from)?.name ?? best.from;
  const guess = best.basis === 'estimated' ? ', by a guess,' : '';
  const room = best.hasRoom ? '' : `, but ${best.to.name} has no room for them`;
  return {
    slowestNodeId: best.from,
    advice:
      `${slow} slows it down most: with its layers at ${best.to.name}, ` +
      `a token would${guess} take ${format(best.milliseconds)} ms instead of ${format(now)} ms${room}`,
  };
}

function move(
  model: PredictedModel,
  stages: readonly StageToPredict[],
  grid: PredictedGrid,
  { from, to }: { from: WorkerId; to: PredictedWorker },
): Move {
  const moved = stages.map((stage) => (stage.workerId === from ? { ...stage, workerId: to.id } : stage));
  const taken = moved
    .filter(({ workerId }) => workerId === to.id)
    .reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  const time = tokenTime(model, moved, grid);
  const basis = leastSure(time.stages.filter(({ nodeId }) => nodeId === to.id));
  return { from, to, milliseconds: time.milliseconds, basis, hasRoom: taken <= to.memoryBytes };
}

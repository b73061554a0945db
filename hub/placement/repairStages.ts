/** Fills the gaps of a pipeline whose workers are gone, so that those who are still here keep what they have. */
import type { WorkerId } from '@potluck/protocol';
import type { LayerRange } from './balanceRanges.ts';
import { largestFirst } from './largestFirst.ts';
import { relativePaces } from './paces.ts';
import type { PlacedStage, PlacementWorker } from './placeStages.ts';
import { stageBytes, type SizedModel, type WorkingMemory } from './stageMemory.ts';
import { stepWork } from './stepWork.ts';

/** A stage as it was. */
export interface FormerStage extends LayerRange {
  workerId: WorkerId;
}

export interface RepairOptions {
  /** True where the number of stages must stay. */
  keepsCount: boolean;
  /** Default: what workers reckon with (`workingMemoryBytes`). */
  workingMemory?: WorkingMemory;
}

/**
 * Each stage that lost its worker goes, cut as it is, to a worker that has none: the one that is soonest done with it. Where
 * there is none, and the number of stages may change, its neighbours take its layers between them; where it must stay, it
 * goes to a worker that has another stage and room.
 * @param former all stages of the pipeline, in order
 * @returns undefined where that does not do: nobody is left, or there is no room
 */
export function repairStages(
  model: SizedModel,
  former: readonly FormerStage[],
  workers: readonly PlacementWorker[],
  { keepsCount, workingMemory }: RepairOptions,
): PlacedStage[] | undefined {
  const bytesOf = stageBytes(model, workingMemory);
  const workOf = stepWork(model);
  const paces = relativePaces(workers.map(({ millisecondsPerByte }) => millisecondsPerByte));
  const paceOf = new Map(workers.map(({ id }, index) => [id, paces[index] ?? 1]));
  const memoryOf = new Map(workers.map(({ id, memoryBytes }) => [id, memoryBytes]));
  const sized = ({ workerId, firstLayer, lastLayer }: FormerStage): PlacedStage => ({
    workerId,
    firstLayer,
    lastLayer,
    memoryBytes: bytesOf(firstLayer, lastLayer),
  });
  const byLayer = (stages: readonly FormerStage[]): FormerStage[] =>
    [...stages].sort((one, other) => one.firstLayer - other.firstLayer);
  let stages = former.filter(({ workerId }) => memoryOf.has(workerId));
  if (stages.length === 0) return undefined;
  const timeAt = (workerId: WorkerId, plus?: LayerRange): number =>
    [...stages.filter((stage) => stage.workerId === workerId), ...(plus ? [plus] : [])].reduce(
      (sum, { firstLayer, lastLayer }) => sum + (paceOf.get(workerId) ?? 1) * workOf(firstLayer, lastLayer),
      0,
    );
  const fits = (workerId: WorkerId, all: readonly FormerStage[]): boolean =>
    all
      .filter((stage) => stage.workerId === workerId)
      .reduce((sum, stage) => sum + sized(stage).memoryBytes, 0) <= (memoryOf.get(workerId) ?? 0);
  const lost = former
    .filter(({ workerId }) => !memoryOf.has(workerId))
    .sort((one, other) => sized(other).memoryBytes - sized(one).memoryBytes);
  for (const gap of lost) {
    const next = giveAway(gap) ?? (keepsCount ? undefined : shareOut(gap));
    if (!next) return undefined;
    stages = next;
  }
  return workers.every(({ id }) => fits(id, stages)) ? byLayer(stages).map(sized) : undefined;

  /** To a worker without a stage; else, where the count must stay, to any. */
  function giveAway(gap: FormerStage): FormerStage[] | undefined {
    const isIdle = (worker: PlacementWorker): boolean =>
      stages.every(({ workerId }) => workerId !== worker.id);
    const takers = largestFirst(workers)
      .filter((worker) => isIdle(worker) || keepsCount)
      .map((worker) => ({ worker, after: [...stages, { ...gap, workerId: worker.id }] }))
      .filter(({ worker, after }) => fits(worker.id, after))
      .sort(
        (one, other) =>
          Number(isIdle(other.worker)) - Number(isIdle(one.worker)) ||
          timeAt(one.worker.id, gap) - timeAt(other.worker.id, gap),
      );
    return takers[0]?.after;
  }

  /** Between the stages before and after it, so that the slower of both is as fast as can be. */
  function shareOut(gap: FormerStage): FormerStage[] | undefined {
    const before = stages.find(({ lastLayer }) => lastLayer === gap.firstLayer - 1);
    const after = stages.find(({ firstLayer }) => firstLayer === gap.lastLayer + 1);
    let best: { stages: FormerStage[]; time: number } | undefined;
    for (let cut = gap.firstLayer; cut <= gap.lastLayer + 1; cut++) {
      if ((!before && cut > gap.firstLayer) || (!after && cut <= gap.lastLayer)) continue;
      const grown = stages.map((stage) => {
        if (stage === before) return { ...stage, lastLayer: cut - 1 };
        return stage === after ? { ...stage, firstLayer: cut } : stage;
      });
      const touched = grown.filter((_, index) => stages[index] === before || stages[index] === after);
      if (!touched.every(({ workerId }) => fits(workerId, grown))) continue;
      const time = Math.max(
        ...touched.map(
          ({ workerId, firstLayer, lastLayer }) =>
            (paceOf.get(workerId) ?? 1) * workOf(firstLayer, lastLayer),
        ),
      );
      if (!best || time < best.time) best = { stages: grown, time };
    }
    return best?.stages;
  }
}

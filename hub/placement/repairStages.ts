/** Fills the gaps of a pipeline whose workers are gone, so that those who are still here keep what they have. */
import type { WorkerId } from '@potluck/protocol';
import type { Candidate } from './candidates.ts';
import type { Choosing } from './chooseStages.ts';
import type { LayerTable } from './layerTable.ts';
import type { LayerRange, StageAt } from './layerRange.ts';
import { stepMs } from './prediction/stepTime.ts';

export interface RepairOptions {
  /** True where the number of stages must stay. */
  keepsCount: boolean;
}

/** What stages take at one worker, in bytes. */
export function heldBytes(layers: LayerTable, stages: readonly StageAt[], workerId: WorkerId): number {
  let held = 0;
  for (const stage of stages) {
    if (stage.workerId === workerId) held += layers.bytes(stage.firstLayer, stage.lastLayer + 1);
  }
  return held;
}

/**
 * Each stage that lost its worker goes, cut as it is, to a worker that has none: the one that is soonest done with it. Where
 * there is none, and the number of stages may change, its neighbours take its layers between them; where it must stay, it
 * goes to a worker that has another stage and room.
 * @param former all stages of the pipeline, in order
 * @returns undefined where that does not do: nobody is left, or there is no room
 */
export function repairStages(
  { layers, candidates }: Pick<Choosing, 'layers' | 'candidates'>,
  former: readonly StageAt[],
  { keepsCount }: RepairOptions,
): StageAt[] | undefined {
  const here = new Map(candidates.map((candidate) => [candidate.id, candidate]));
  const bytesOf = ({ firstLayer, lastLayer }: LayerRange): number => layers.bytes(firstLayer, lastLayer + 1);
  const timeAt = ({ workerId, firstLayer, lastLayer }: StageAt): number =>
    stepMs((here.get(workerId) as Candidate).speed, layers.work(firstLayer, lastLayer + 1));
  let stages = former.filter(({ workerId }) => here.has(workerId));
  if (stages.length === 0) return undefined;
  const fits = (workerId: WorkerId, all: readonly StageAt[]): boolean =>
    heldBytes(layers, all, workerId) <= (here.get(workerId)?.memoryBytes ?? 0);
  const lost = former
    .filter(({ workerId }) => !here.has(workerId))
    .sort((one, other) => bytesOf(other) - bytesOf(one));
  for (const gap of lost) {
    const next = giveAway(gap) ?? (keepsCount ? undefined : shareOut(gap));
    if (!next) return undefined;
    stages = next;
  }
  const isWithinBudgets = stages.every(({ workerId }) => fits(workerId, stages));
  if (!isWithinBudgets) return undefined;
  return stages.toSorted((one, other) => one.firstLayer - other.firstLayer);

  /** To a worker without a stage; else, where the count must stay, to any. */
  function giveAway(gap: StageAt): StageAt[] | undefined {
    const busyMs = new Map<WorkerId, number>();
    for (const stage of stages) {
      busyMs.set(stage.workerId, (busyMs.get(stage.workerId) ?? 0) + timeAt(stage));
    }
    let best: { workerId: WorkerId; isBusy: boolean; milliseconds: number } | undefined;
    for (const { id, memoryBytes } of candidates) {
      const isBusy = busyMs.has(id);
      if (isBusy && !keepsCount) continue;
      const bytes = bytesOf(gap) + (isBusy ? heldBytes(layers, stages, id) : 0);
      if (bytes > memoryBytes) continue;
      const milliseconds = (busyMs.get(id) ?? 0) + timeAt({ ...gap, workerId: id });
      const isBetter = !best || (isBusy === best.isBusy ? milliseconds < best.milliseconds : best.isBusy);
      if (isBetter) best = { workerId: id, isBusy, milliseconds };
    }
    return best && [...stages, { ...gap, workerId: best.workerId }];
  }

  /** Between the stages before and after it, so that the slower of both is as fast as can be. */
  function shareOut(gap: StageAt): StageAt[] | undefined {
    const before = stages.find(({ lastLayer }) => lastLayer === gap.firstLayer - 1);
    const after = stages.find(({ firstLayer }) => firstLayer === gap.lastLayer + 1);
    let best: { stages: StageAt[]; milliseconds: number } | undefined;
    for (let cut = gap.firstLayer; cut <= gap.lastLayer + 1; cut++) {
      if ((!before && cut > gap.firstLayer) || (!after && cut <= gap.lastLayer)) continue;
      const grown = stages.map((stage) => {
        if (stage === before) return { ...stage, lastLayer: cut - 1 };
        return stage === after ? { ...stage, firstLayer: cut } : stage;
      });
      const touched = grown.filter((_, index) => stages[index] === before || stages[index] === after);
      if (!touched.every(({ workerId }) => fits(workerId, grown))) continue;
      const milliseconds = Math.max(...touched.map(timeAt));
      if (!best || milliseconds < best.milliseconds) best = { stages: grown, milliseconds };
    }
    return best?.stages;
  }
}

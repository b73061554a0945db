/** Stages for one replica, as its plan wants them. */
import type { DeploymentPlan } from '@potluck/api';
import { chooseCount, chooseStages, type Choice, type Choosing } from './chooseStages.ts';
import { placeByHand } from './placeByHand.ts';
import { noRoom, type FoundStages } from './refusal.ts';
import type { StageAt } from './layerRange.ts';
import { repairStages } from './repairStages.ts';
import { spreadStages } from './spreadStages.ts';

/**
 * @param plan one that `checkPlan` has no objections to
 * @param former the stages until now: who is still here keeps what it has, if that does
 */
export function findStages(
  choosing: Choosing,
  plan: DeploymentPlan,
  former: readonly StageAt[],
  nameOf: (nodeId: string) => string,
): FoundStages {
  switch (plan.mode) {
    case 'automatic': {
      const repaired = repairStages(choosing, former, { keepsCount: false });
      if (repaired) return { ok: true, stages: repaired };
      return fromChoice(choosing, chooseStages(choosing));
    }
    case 'shards': {
      const kept = former.length === plan.count ? former : [];
      const repaired = repairStages(choosing, kept, { keepsCount: true });
      if (repaired) return { ok: true, stages: spread(choosing, repaired) };
      return fromChoice(choosing, chooseCount(choosing, plan.count), plan.count);
    }
    case 'manual':
      return placeByHand(choosing, plan, nameOf);
  }
}

/** To as many workers as there are: cut as they are if that does, since then whoever serves need not load anything. */
function spread(choosing: Choosing, stages: readonly StageAt[]): readonly StageAt[] {
  if (workersOf(stages) === stages.length) return stages;
  const moved = spreadStages(choosing, stages);
  if (workersOf(moved) > workersOf(stages)) return moved;
  // Who has no room for a stage as it is may have some for a smaller one.
  const anew = fromChoice(choosing, chooseCount(choosing, stages.length));
  return anew.ok && workersOf(anew.stages) > workersOf(stages) ? anew.stages : stages;
}

function fromChoice(choosing: Choosing, choice: Choice | undefined, count?: number): FoundStages {
  if (!choice) return noRoom(choosing, count);
  const stages = choice.cut.ranges.map((range, index) => {
    const worker = choice.order[index] as Choice['order'][number];
    return { workerId: worker.id, ...range };
  });
  return { ok: true, stages };
}

const workersOf = (stages: readonly StageAt[]): number =>
  new Set(stages.map(({ workerId }) => workerId)).size;

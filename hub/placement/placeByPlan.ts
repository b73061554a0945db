/** Places a model as its operator wants it. */
import { formatBytes, type DeploymentPlan } from '@potluck/api';
import { balanceRanges, type LayerRange } from './balanceRanges.ts';
import { relativePaces } from './paces.ts';
import { placeStages, type Placement, type PlacementWorker } from './placeStages.ts';
import { repairStages, type FormerStage } from './repairStages.ts';
import { stageBytes, type SizedModel } from './stageMemory.ts';
import { stepWork } from './stepWork.ts';

type Refusal = Extract<Placement, { ok: false }>;
type ManualPlan = Extract<DeploymentPlan, { mode: 'manual' }>;

/**
 * @param plan one that `checkPlan` has no objections to
 * @param nameOf what people call a node that is away
 * @param former the stages of a pipeline that lost workers: what is left of them stays where it is, if that does
 */
export function placeByPlan(
  model: SizedModel,
  workers: readonly PlacementWorker[],
  plan: DeploymentPlan,
  nameOf: (nodeId: string) => string,
  former: readonly FormerStage[] = [],
): Placement {
  if (plan.mode === 'automatic' || (plan.mode === 'shards' && former.length === plan.count)) {
    const stages = repairStages(model, former, workers, { keepsCount: plan.mode === 'shards' });
    if (stages) return { ok: true, stages };
  }
  switch (plan.mode) {
    case 'automatic':
      return placeStages(model, [...workers]);
    case 'shards':
      return placeStages(model, [...workers], { stages: plan.count });
    case 'manual':
      return placeByHand(model, workers, plan, nameOf);
  }
}

function placeByHand(
  model: SizedModel,
  workers: readonly PlacementWorker[],
  { stages }: ManualPlan,
  nameOf: (nodeId: string) => string,
): Placement {
  const bytesOf = stageBytes(model);
  const layerCount = model.layers.length;
  const wanted = new Map(stages.map(({ nodeId }) => [nodeId, stages.filter((one) => one.nodeId === nodeId)]));
  const here = new Map(workers.map((worker) => [worker.id as string, worker]));
  const offeredBytes = [...wanted.keys()].reduce((sum, id) => sum + (here.get(id)?.memoryBytes ?? 0), 0);
  const refusal = (message: string, code: Refusal['code'] = 'not-enough-memory'): Placement => ({
    ok: false,
    code,
    message,
    neededBytes: bytesOf(0, layerCount - 1),
    offeredBytes,
  });
  const absent = [...wanted.keys()].filter((id) => !here.has(id));
  if (absent.length > 0) {
    const names = absent.map(nameOf).join(', ');
    return refusal(`waiting for ${absent.length} of its nodes: ${names}`, 'no-workers');
  }
  const ranges = rangesOf(stages) ?? balanced();
  if (!ranges) return refusal(`${stages.length} stages were asked for; the model has ${layerCount} layers`);
  const placed = ranges.map((range, index) => ({
    ...range,
    workerId: (here.get(stages[index]?.nodeId ?? '') as PlacementWorker).id,
    memoryBytes: bytesOf(range.firstLayer, range.lastLayer),
  }));
  const tooSmall = [...here.values()].flatMap((worker) => {
    const bytes = placed
      .filter(({ workerId }) => workerId === worker.id)
      .reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    if (bytes <= worker.memoryBytes) return [];
    return [
      `${worker.name} needs ${formatBytes(bytes)} and has ${formatBytes(worker.memoryBytes)} that is not reserved`,
    ];
  });
  return tooSmall.length > 0 ? refusal(tooSmall.join('; ')) : { ok: true, stages: placed };

  function balanced(): LayerRange[] | undefined {
    const paces = relativePaces(stages.map(({ nodeId }) => here.get(nodeId)?.millisecondsPerByte));
    const shares = stages.map(({ nodeId }, index) => ({
      memoryBytes: (here.get(nodeId)?.memoryBytes ?? 0) / (wanted.get(nodeId)?.length ?? 1),
      pace: paces[index] ?? 1,
    }));
    return balanceRanges(shares, { count: layerCount, bytesOf, workOf: stepWork(model) })?.ranges;
  }
}

/** The layers as they were given; undefined where they are to be balanced. */
function rangesOf(stages: ManualPlan['stages']): LayerRange[] | undefined {
  const ranges = stages.flatMap(({ firstLayer, lastLayer }) =>
    firstLayer === undefined || lastLayer === undefined ? [] : [{ firstLayer, lastLayer }],
  );
  return ranges.length === stages.length ? ranges : undefined;
}

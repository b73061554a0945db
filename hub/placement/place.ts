/** Where a model's pipelines go: one pure function, for previews and for what is done. */
import { formatBytes, type DeploymentPlan } from '@potluck/api';
import { hubText, whatFollowsName } from '@potluck/api/hub-texts';
import type { PipelineId, WorkerId } from '@potluck/protocol';
import { findCandidates, type PlacedModel } from './candidates.ts';
import type { Choosing } from './chooseStages.ts';
import type { Effort } from './cutLayers.ts';
import { contextOf, describeContext } from './contextOf.ts';
import { explainPlacement } from './explainPlacement.ts';
import { findStages } from './findStages.ts';
import type { GridView } from './gridView.ts';
import { isGpu } from './isGpu.ts';
import { layerTable, type LayerTable } from './layerTable.ts';
import type { StageAt } from './layerRange.ts';
import { refuse, type Refusal } from './refusal.ts';
import { usualCacheTokens } from './stageMemory.ts';
import { shareCaches, type SharedStage } from './shareCaches.ts';
import { shrinkCaches, type CacheToShrink } from './shrinkCaches.ts';

export interface PlacementRequest {
  model: PlacedModel;
  /** One that `checkPlan` has no objections to. */
  plan: DeploymentPlan;
  grid: GridView;
  /**
   * The replicas to place. Of each, the stages that it had until now, in order (empty where it is new): who is still here
   * keeps what it has, if that does.
   */
  replicas: readonly (readonly StageAt[])[];
  /** Pipelines whose reservations count as free, since they end when these begin. */
  replaced?: ReadonlySet<PipelineId>;
  /** Why workers may have no stage of this model, as what follows their names: they failed, or have another replica. */
  barred?: ReadonlyMap<WorkerId, string>;
  /** True where caches of other models can be told to shrink. */
  mayShrink?: boolean;
  /** The longest of the conversations that run, in tokens: what keeps its place for them has room for it where that can be. */
  conversationTokens?: number;
  /** What people call a node that is away. */
  nameOf: (nodeId: string) => string;
}

/** Where one replica goes. */
export interface Placement {
  ok: true;
  stages: SharedStage[];
  /** Why there, for people. */
  reasons: string[];
  /** Caches of other models that must give room back first; empty where there is room without. */
  shrink: CacheToShrink[];
}

export interface PlacementResult {
  /** One for each replica, in order; ends with the first that has no place. */
  replicas: (Placement | Refusal)[];
  /** How many ranges of layers were looked at: what placing cost, whatever the machine. */
  effort: number;
}

/**
 * Without touching other models' caches if that does; else with what these can give back. Where there is no room for a
 * usual conversation, further devices are taken for it.
 */
export function place(request: PlacementRequest): PlacementResult {
  const effort: Effort = { ranges: 0 };
  return { replicas: [...placeEach(request, effort)], effort: effort.ranges };
}

/** Places one replica at each step, as `place` does: among many workers each takes milliseconds. */
export function* placeEach(
  { replicas, ...request }: PlacementRequest,
  effort: Effort = { ranges: 0 },
): Generator<Placement | Refusal, void> {
  const layers = layerTable(request.model);
  const roomyModel = { ...request.model, cacheTokens: usualCacheTokens };
  let table: LayerTable | undefined;
  const roomyLayers = (): LayerTable => (table ??= layerTable(roomyModel));
  const taken = new Map(request.barred);
  for (const [replica, former] of replicas.entries()) {
    const barred = new Map(taken);
    for (const { workerId } of replicas.flatMap((stages, index) => (index === replica ? [] : stages)))
      barred.set(workerId, whatFollowsName('has-replica', {}));
    const tight = placeReplica({ ...request, barred }, former, layers, effort);
    // Who keeps a stage keeps it with little context, too.
    const roomy =
      tight.ok && former.length === 0 && hasShortContext(request.model, tight)
        ? placeReplica({ ...request, barred, mayShrink: false, model: roomyModel }, [], roomyLayers(), effort)
        : undefined;
    const fits = roomy?.ok ? roomy : tight;
    const found =
      (fits.ok ? placeForConversations({ ...request, barred }, former, fits, effort) : undefined) ?? fits;
    yield found;
    if (!found.ok) return;
    for (const { workerId } of found.stages) taken.set(workerId, whatFollowsName('has-replica', {}));
  }
}

/**
 * Instead of workers that have too little room for the conversations that run, others, if these have it.
 * @returns undefined where there is room for them, or nowhere else is
 */
function placeForConversations(
  request: Omit<PlacementRequest, 'replicas'>,
  former: readonly StageAt[],
  { stages }: Placement,
  effort: Effort,
): Placement | undefined {
  const { model, conversationTokens = 0 } = request;
  const cacheTokens = Math.min(model.contextLength, conversationTokens);
  const tooSmall = stages.filter((stage) => contextOf(model, [stage]).tokens < cacheTokens);
  if (tooSmall.length === 0) return undefined;
  const barred = new Map(request.barred);
  for (const { workerId } of tooSmall) barred.set(workerId, whatFollowsName('too-little-for-running', {}));
  const roomyModel = { ...model, cacheTokens };
  const roomy = { ...request, barred, mayShrink: false, model: roomyModel };
  const found = placeReplica(roomy, former, layerTable(roomyModel), effort);
  return found.ok && contextOf(model, found.stages).tokens >= cacheTokens ? found : undefined;
}

function hasShortContext(model: PlacedModel, { stages }: Placement): boolean {
  return contextOf(model, stages).tokens < Math.min(model.contextLength, usualCacheTokens);
}

/**
 * Ranges of layers that one replica's search looks at before it takes the best that it has found. Some 20 ms of processor
 * time; small cases, where nothing may be missed, take a thousandth.
 */
const enoughRanges = 700_000;

function placeReplica(
  request: Omit<PlacementRequest, 'replicas'>,
  former: readonly StageAt[],
  layers: LayerTable,
  effort: Effort,
): Placement | Refusal {
  const { model, plan, grid, nameOf } = request;
  const { candidates, unusable } = findCandidates(grid, model, request);
  const choosing: Choosing = { grid, layers, candidates, effort, mostRanges: effort.ranges + enoughRanges };
  const found = findStages(choosing, plan, former, nameOf);
  if (found.ok) return finish(request, choosing, found.stages, former);
  const roomier = { ...choosing, ...findCandidates(grid, model, { ...request, reclaims: true }) };
  const reclaimed = roomier.candidates.reduce((sum, { reclaimedBytes }) => sum + reclaimedBytes, 0);
  if (reclaimed === 0) return refuse(found, choosing, unusable);
  if (!request.mayShrink) {
    const more = hubText('caches-hold', { room: formatBytes(reclaimed) });
    return refuse(found, choosing, [more, ...unusable]);
  }
  const squeezed = findStages(roomier, plan, former, nameOf);
  if (squeezed.ok) return finish(request, roomier, squeezed.stages, former);
  return refuse(squeezed, roomier, unusable);
}

function finish(
  { model, replaced }: Omit<PlacementRequest, 'replicas'>,
  choosing: Choosing,
  stages: readonly StageAt[],
  former: readonly StageAt[],
): Placement {
  const byId = new Map(choosing.candidates.map((candidate) => [candidate.id, candidate]));
  const shared = shareCaches(model, stages, (workerId) => {
    const candidate = byId.get(workerId);
    if (!candidate) return { freeBytes: 0, isGpu: false };
    return { freeBytes: candidate.memoryBytes, isGpu: isGpu(candidate.worker.device) };
  });
  const shrink = shrinkCaches(shared, [...byId.values()], { model: model.id, replaced });
  const reasons = explainPlacement(choosing, shared, { former, shrink });
  const context = describeContext(model, shared, ({ workerId }) => byId.get(workerId)?.name ?? workerId);
  if (context !== undefined) reasons.push(context);
  return { ok: true, stages: shared, reasons, shrink };
}

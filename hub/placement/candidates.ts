/** The workers that may have stages of a pipeline, with what they have for it and how fast they are. */
import { whatFollowsName } from '@potluck/api/hub-texts';
import type { ModelPackage, PipelineId, WorkerId } from '@potluck/protocol';
import { cannotRun } from './cannotRun.ts';
import { freeBytes, reclaimableForModel, type GridView, type GridWorker } from './gridView.ts';
import { lowerMedian } from './lowerMedian.ts';
import { withoutNoise } from './paces.ts';
import { stepMs, tokenSpeed, type TokenSpeed } from './prediction/stepTime.ts';
import type { SizedModel, WorkingMemory } from './stageMemory.ts';
import { stepWork } from './stepWork.ts';

/** What placement reads of a model package. */
export type PlacedModel = SizedModel &
  Pick<ModelPackage, 'id' | 'packs' | 'float16' | 'deviceKinds'> & {
    /** Default: what workers reckon with (`workingMemoryBytes`). */
    workingMemory?: WorkingMemory;
  };

/** A worker that may have stages. */
export interface Candidate {
  id: WorkerId;
  name: string;
  /** What it has for the pipeline, in bytes. */
  memoryBytes: number;
  /** Of `memoryBytes`, what other models' caches would have to give back. */
  reclaimedBytes: number;
  /** How fast it counts for the choice: without noise. */
  speed: Pick<TokenSpeed, 'fixedMs' | 'msPerByte'>;
  /** Part of the model's weights that it need not load, from 0 to 1. */
  cachedShare: number;
  /** True where most of its known links go through the hub. */
  isRelayed: boolean;
  worker: GridWorker;
}

export interface CandidateOptions {
  /** Pipelines whose reservations count as free, since they end when this one begins. */
  replaced?: ReadonlySet<PipelineId> | undefined;
  /** Why workers may have no stage of this pipeline, as what follows their names. */
  barred?: ReadonlyMap<WorkerId, string> | undefined;
  /** True where caches of other models are to shrink. */
  reclaims?: boolean | undefined;
}

/** @returns candidates, most memory first and equals by name; and for people, why the others may have no stage */
export function findCandidates(
  grid: GridView,
  model: PlacedModel,
  { replaced, barred = new Map(), reclaims = false }: CandidateOptions,
): { candidates: Candidate[]; unusable: string[] } {
  const unusable: string[] = [];
  const usable: GridWorker[] = [];
  for (const worker of grid.workers.values()) {
    const leaving = worker.isLeaving ? whatFollowsName('is-leaving', {}) : undefined;
    const reason = worker.unusable ?? leaving ?? barred.get(worker.id) ?? cannotRun(worker.device, model);
    if (reason === undefined) usable.push(worker);
    else unusable.push(`${worker.name} ${reason}`);
  }
  const speeds = speedsToChooseBy(usable, model);
  const modelBytes = Math.max(
    1,
    model.packs.reduce((sum, { size }) => sum + size, 0),
  );
  const candidates = usable.map((worker, index): Candidate => {
    const { id, name, memory, cachedBlobs } = worker;
    const free = freeBytes(memory, replaced);
    const reclaimable = reclaims ? reclaimableForModel(memory, model.id, replaced) : 0;
    const memoryBytes = Math.min(memory.offeredBytes, free + reclaimable);
    const cached =
      cachedBlobs.size === 0
        ? 0
        : model.packs.reduce((sum, { sha256, size }) => sum + (cachedBlobs.has(sha256) ? size : 0), 0);
    return {
      id,
      name,
      memoryBytes,
      reclaimedBytes: memoryBytes - free,
      speed: speeds[index] as Candidate['speed'],
      cachedShare: cached / modelBytes,
      isRelayed: isMostlyRelayed(worker),
      worker,
    };
  });
  return { candidates: candidates.sort(byRoom), unusable };
}

/** Most memory first; equals by name, so that a worker that comes back gets the layers that it has. */
function byRoom(one: Candidate, other: Candidate): number {
  return (
    other.memoryBytes - one.memoryBytes ||
    other.cachedShare - one.cachedShare ||
    compareText(one.name, other.name) ||
    compareText(one.id, other.id)
  );
}

/** By code units, the same everywhere. */
function compareText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

/**
 * Speeds from answers. Devices that served none are taken for what their kind usually does, in proportion to how those
 * that did compare with their own kinds: on a busy machine all are slower. A trial alone may be far off, on a device that was
 * just busy loading, so only predictions use it.
 */
function speedsToChooseBy(workers: readonly GridWorker[], model: PlacedModel): Candidate['speed'][] {
  const weightBytes = stepWork(model)(0, model.layers.length - 1);
  const wanted = { model: model.id, weightBytes };
  const usual = workers.map((worker) => tokenSpeed(worker, wanted, []));
  const served = workers.map((worker) => {
    const tokenSteps = worker.tokenSteps.filter(({ source }) => source === 'served');
    return tokenSteps.length === 0 ? undefined : tokenSpeed(worker, wanted, tokenSteps);
  });
  const ratios = served.flatMap((speed, index) =>
    speed ? [stepMs(speed, weightBytes) / stepMs(usual[index] as TokenSpeed, weightBytes)] : [],
  );
  const middle = lowerMedian(ratios) ?? 1;
  const speeds = workers.map((_, index) => {
    const speed = served[index];
    return speed ?? scaled(usual[index] as TokenSpeed, middle);
  });
  const times = speeds.map((speed) => Math.max(1e-6, stepMs(speed, weightBytes)));
  const calm = withoutNoise(times);
  return speeds.map((speed, index) => scaled(speed, (calm[index] ?? 1) / (times[index] ?? 1)));
}

const scaled = ({ fixedMs, msPerByte }: Candidate['speed'], factor: number): Candidate['speed'] => ({
  fixedMs: fixedMs * factor,
  msPerByte: msPerByte * factor,
});

function isMostlyRelayed({ links }: GridWorker): boolean {
  let relayed = 0;
  for (const { state } of links.values()) relayed += state === 'relayed' ? 1 : state === 'direct' ? -1 : 0;
  return relayed > 0;
}

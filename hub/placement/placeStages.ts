/** Which worker runs which layers: a pure function, with the numbers in its refusals. */
import { formatBytes } from '@potluck/api';
import type { WorkerId } from '@potluck/protocol';
import { balanceRanges, type BalancedRanges, type CuttableLayers, type LayerRange } from './balanceRanges.ts';
import { largestFirst } from './largestFirst.ts';
import { relativePaces } from './paces.ts';
import { stageBytes, type SizedModel, type WorkingMemory } from './stageMemory.ts';
import { stepWork } from './stepWork.ts';

export interface PlacementWorker {
  id: WorkerId;
  name: string;
  /** What it offers in all, in bytes. */
  memoryBytes: number;
  /** What a step of one token took, for each byte of weights that it read; absent where nothing was measured. */
  millisecondsPerByte?: number | undefined;
}

export interface PlacementOptions {
  /** Forced number of stages; undefined takes as few workers as fit. */
  stages?: number;
  /** Default: what workers reckon with (`workingMemoryBytes`). */
  workingMemory?: WorkingMemory;
}

export interface PlacedStage extends LayerRange {
  workerId: WorkerId;
  /** Weights, working memory and the least cache, in bytes. */
  memoryBytes: number;
}

export type Placement =
  | { ok: true; stages: PlacedStage[] }
  | {
      ok: false;
      code: 'no-workers' | 'too-many-stages' | 'not-enough-memory';
      /** What is missing, with numbers, for people. */
      message: string;
      neededBytes: number;
      offeredBytes: number;
    };

/** A worker's share for one stage of its own. */
interface Slot {
  worker: PlacementWorker;
  memoryBytes: number;
  /** See `Share`. */
  pace: number;
}

/** So many unequal workers are tried in every order: 24 orders of four. */
const mostPermuted = 4;

/**
 * Places a model's layers as contiguous ranges that fit, with steps that take equally long as far as that is known. Takes
 * the fewest workers that fit, the ones with most memory first; with `stages`, that many ranges, on distinct workers where
 * there are enough.
 */
export function placeStages(
  model: SizedModel,
  workers: PlacementWorker[],
  options: PlacementOptions = {},
): Placement {
  const layerCount = model.layers.length;
  const bytesOf = stageBytes(model, options.workingMemory);
  const neededBytes = bytesOf(0, layerCount - 1);
  const offeredBytes = workers.reduce((sum, worker) => sum + worker.memoryBytes, 0);
  const refusal = (code: Exclude<Placement, { ok: true }>['code'], message: string): Placement => ({
    ok: false,
    code,
    message,
    neededBytes,
    offeredBytes,
  });
  if (workers.length === 0) {
    return refusal('no-workers', `no worker has joined; the model needs ${formatBytes(neededBytes)}`);
  }
  if (options.stages !== undefined && options.stages > layerCount) {
    return refusal(
      'too-many-stages',
      `${options.stages} stages were asked for; the model has ${layerCount} layers`,
    );
  }
  const sorted = largestFirst(workers);
  const layers = { count: layerCount, bytesOf, workOf: stepWork(model) };
  for (const slots of candidateSlots(sorted, layerCount, options.stages)) {
    const placed = bestOrder(withPaces(slots), layers);
    if (placed) return { ok: true, stages: placed };
  }
  const offers = sorted.map((worker) => formatBytes(worker.memoryBytes)).join(' + ');
  const stages = options.stages === undefined ? '' : ` in ${options.stages} stages`;
  const sharedEnds = offeredBytes >= neededBytes ? ' (no cut into contiguous layers fits)' : '';
  return refusal(
    'not-enough-memory',
    `the model needs ${formatBytes(neededBytes)}${stages}, workers offer ${offers}${sharedEnds}`,
  );
}

/** Sets of slots to try, the wanted one first. */
function* candidateSlots(
  sorted: PlacementWorker[],
  layerCount: number,
  stages: number | undefined,
): Generator<Omit<Slot, 'pace'>[]> {
  if (stages !== undefined) {
    // On as many as there are; those without room for a stage are left out.
    for (let count = Math.min(sorted.length, stages); count > 0; count--) {
      yield forcedSlots(sorted.slice(0, count), stages);
    }
    return;
  }
  for (let count = 1; count <= Math.min(sorted.length, layerCount); count++) {
    yield sorted.slice(0, count).map((worker) => ({ worker, memoryBytes: worker.memoryBytes }));
  }
}

/** One slot a worker, or several neighbouring ones that share its memory where there are fewer workers than stages. */
function forcedSlots(used: PlacementWorker[], stages: number): Omit<Slot, 'pace'>[] {
  return used.flatMap((worker, index) => {
    const count = Math.floor(stages / used.length) + (index < stages % used.length ? 1 : 0);
    return Array.from({ length: count }, () => ({ worker, memoryBytes: worker.memoryBytes / count }));
  });
}

function withPaces(slots: readonly Omit<Slot, 'pace'>[]): Slot[] {
  const paces = relativePaces(slots.map(({ worker }) => worker.millisecondsPerByte));
  return slots.map((slot, index) => ({ ...slot, pace: paces[index] ?? 1 }));
}

/**
 * The ends of a pipeline also hold the embedding and the head, so the order of unequal workers decides whether the
 * model fits, and how even its stages are.
 */
function bestOrder(slots: readonly Slot[], layers: CuttableLayers): PlacedStage[] | undefined {
  let best: { order: readonly Slot[]; cut: BalancedRanges } | undefined;
  for (const order of ordersOf(slots)) {
    const cut = balanceRanges(order, layers);
    if (cut && cut.load <= 1 && (!best || cut.slowest < best.cut.slowest * (1 - 1e-9))) best = { order, cut };
  }
  return best?.cut.ranges.map((range, index) => ({
    ...range,
    // Ranges and slots have the same length.
    workerId: (best.order[index] as Slot).worker.id,
    memoryBytes: layers.bytesOf(range.firstLayer, range.lastLayer),
  }));
}

/** The workers in all orders where they are few; of many, the largest first, last, and on both ends. */
function ordersOf(slots: readonly Slot[]): Slot[][] {
  const groups = [...Map.groupBy(slots, ({ worker }) => worker.id).values()];
  if (groups.length <= mostPermuted) return permutations(groups).map((order) => order.flat());
  const [, second] = groups;
  const ends = second ? [[...groups.filter((group) => group !== second), second]] : [];
  return [groups, [...groups].reverse(), ...ends].map((order) => order.flat());
}

/** The given order first. Orders that differ only in workers that are alike come once. */
function permutations(groups: readonly Slot[][]): Slot[][][] {
  if (groups.length <= 1) return [[...groups]];
  const kindOf = (group: readonly Slot[] | undefined): string =>
    (group ?? []).map(({ memoryBytes, pace }) => `${memoryBytes} ${pace}`).join();
  return groups.flatMap((group, index) => {
    if (groups.slice(0, index).some((other) => kindOf(other) === kindOf(group))) return [];
    return permutations(groups.toSpliced(index, 1)).map((rest) => [group, ...rest]);
  });
}

/** Which worker runs which layers: a pure function, with the numbers in its refusals. */
import type { WorkerId } from '@potluck/protocol';
import { formatBytes } from '../formatBytes.ts';
import { balanceRanges, type LayerRange } from './balanceRanges.ts';
import { largestFirst } from './largestFirst.ts';
import { stageBytes, type SizedModel, type WorkingMemory } from './stageMemory.ts';

export interface PlacementWorker {
  id: WorkerId;
  name: string;
  /** What it offers in all, in bytes. */
  memoryBytes: number;
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
}

/**
 * Places a model's layers as contiguous ranges, in proportion to memory. Takes the fewest workers that fit, the ones
 * with most memory first; with `stages`, that many ranges, on distinct workers where there are enough.
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
  for (const slots of candidateSlots(sorted, layerCount, options.stages)) {
    const placed = bestOrder(slots, layerCount, bytesOf);
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
): Generator<Slot[]> {
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
function forcedSlots(used: PlacementWorker[], stages: number): Slot[] {
  return used.flatMap((worker, index) => {
    const count = Math.floor(stages / used.length) + (index < stages % used.length ? 1 : 0);
    return Array.from({ length: count }, () => ({ worker, memoryBytes: worker.memoryBytes / count }));
  });
}

/**
 * The ends of a pipeline also hold the embedding and the head, so the order of unequal workers decides whether the
 * model fits: tries the largest first, last, and on both ends.
 */
function bestOrder(
  slots: Slot[],
  layerCount: number,
  bytesOf: (first: number, last: number) => number,
): PlacedStage[] | undefined {
  const orders = [slots, [...slots].reverse()];
  const [, second] = slots;
  if (second && slots.length > 2) orders.push([...slots.filter((slot) => slot !== second), second]);
  let best: { order: Slot[]; ranges: LayerRange[]; load: number } | undefined;
  for (const order of orders) {
    const balanced = balanceRanges(
      order.map((slot) => slot.memoryBytes),
      layerCount,
      bytesOf,
    );
    if (balanced && balanced.load <= 1 && (!best || balanced.load < best.load - 1e-9))
      best = { order, ...balanced };
  }
  return best?.ranges.map((range, index) => ({
    ...range,
    // Ranges and slots have the same length.
    workerId: (best.order[index] as Slot).worker.id,
    memoryBytes: bytesOf(range.firstLayer, range.lastLayer),
  }));
}

/** Which workers take a model's layers, in which order, and where it is cut. */
import type { Candidate } from './candidates.ts';
import { cutCost, cutLayers, type Cut, type Effort, type Slot } from './cutLayers.ts';
import { linkBetween, type GridView } from './gridView.ts';
import type { LayerTable } from './layerTable.ts';
import { hopTime } from './prediction/hopTime.ts';
import { workerOrders } from './workerOrders.ts';
import { mostExhaustive, WorkerSets } from './workerSets.ts';

/** Stages with their workers. */
export interface Choice {
  /** One for each stage. */
  order: readonly Candidate[];
  cut: Cut;
  /** What is least among the choices of as many workers: time, and a little for weights that have to be loaded. */
  cost: number;
}

/** What is chosen from. */
export interface Choosing {
  grid: GridView;
  layers: LayerTable;
  candidates: readonly Candidate[];
  effort: Effort;
}

/** Part of a token's time that further devices must save. */
export const leastGain = 0.1;
/** Sets of each size, of those that promise most, whose orders and cuts are searched. */
const setsTried = 6;
/** What it counts, as part of the time, that a worker would have to load all of its weights. */
const loadingCounts = 0.03;
/** A set that can't be better by more than this is not looked at. */
const slack = 0.01;

/**
 * The fewest workers that fit and are fastest: more only where they save time.
 * @returns undefined where no set of workers that was looked at has room
 */
export function chooseStages(choosing: Choosing): Choice | undefined {
  const sets = new WorkerSets(choosing.layers, choosing.candidates);
  let best: Choice | undefined;
  for (const size of sets.sizes()) {
    const mostMs = best && (1 - leastGain) * best.cut.tokenMs;
    best = bestOfSets(choosing, sets.ofSize(size), mostMs) ?? best;
  }
  if (best) return best;
  for (const set of sets.growing()) {
    const choice = bestOrder(choosing, set.map(one));
    if (choice) return choice;
  }
  return undefined;
}

/**
 * A number of stages, each at a worker of its own where there are enough with room; else neighbouring stages share a
 * worker and its memory.
 */
export function chooseCount(choosing: Choosing, count: number): Choice | undefined {
  const { layers, candidates } = choosing;
  if (count <= candidates.length) {
    const choice = bestOfSets(choosing, new WorkerSets(layers, candidates).ofSize(count));
    if (choice) return choice;
  }
  for (let used = Math.min(candidates.length, count); used > 0; used--) {
    const groups = candidates.slice(0, used).map((candidate, index) => {
      const stages = Math.floor(count / used) + (index < count % used ? 1 : 0);
      const memoryBytes = candidate.memoryBytes / stages;
      return Array.from({ length: stages }, () => ({ ...candidate, memoryBytes }));
    });
    const choice = bestOrder(choosing, groups);
    if (choice) return choice;
  }
  return undefined;
}

/** Cuts for workers in this very order, which may come several times. */
export function cutFor({ grid, layers, effort }: Choosing, order: readonly Candidate[]): Choice | undefined {
  const slots = order.map((candidate, index): Slot => {
    const next = order[(index + 1) % order.length] as Candidate;
    return { ...candidate, hopMs: (layer) => hopMs({ grid, layers }, candidate, next, layer) };
  });
  const cut = cutLayers(layers, slots, effort);
  if (!cut) return undefined;
  const missing = order.reduce((sum, { cachedShare }) => sum + 1 - cachedShare, 0) / order.length;
  return { order, cut, cost: cutCost(cut) * (1 + loadingCounts * missing) };
}

const one = (candidate: Candidate): readonly Candidate[] => [candidate];

/** @param mostMs a token that takes longer is of no use */
function bestOfSets(
  choosing: Choosing,
  sets: readonly (readonly Candidate[])[],
  mostMs = Infinity,
): Choice | undefined {
  const isFew = choosing.candidates.length <= mostExhaustive;
  const promising = sets
    .map((set) => ({ set, least: leastTime(choosing, set) }))
    .filter(({ least }) => least.tokenMs <= mostMs)
    .sort((left, right) => cutCost(left.least) - cutCost(right.least))
    .slice(0, isFew ? sets.length : setsTried);
  let best: Choice | undefined;
  for (const { set, least } of promising) {
    if (best && cutCost(least) >= best.cost * (1 - slack)) break;
    const choice = bestOrder(choosing, set.map(one), mostMs);
    if (choice && (!best || choice.cost < best.cost * (1 - 1e-9))) best = choice;
  }
  return best;
}

/** @param groups a worker each, or several stages of one */
function bestOrder(
  choosing: Choosing,
  groups: readonly (readonly Candidate[])[],
  mostMs = Infinity,
): Choice | undefined {
  const { grid, layers, candidates } = choosing;
  const middle = layers.count >> 1;
  const isLinked = groups.some((group) => (group[0] as Candidate).worker.links.size > 0);
  const orders = workerOrders(
    groups,
    {
      alike: ([first]) => {
        const { id, memoryBytes, speed, cachedShare } = first as Candidate;
        return isLinked ? id : [memoryBytes, speed.fixedMs, speed.msPerByte, cachedShare].join();
      },
      hopMs: ([from], [to]) => hopMs({ grid, layers }, from as Candidate, to as Candidate, middle),
      largest: ([first]) => (first as Candidate).memoryBytes,
    },
    candidates.length <= mostExhaustive,
  );
  let best: Choice | undefined;
  for (const order of orders) {
    const slots = order.flat();
    if (!mayFit(layers, slots)) continue;
    const choice = cutFor(choosing, slots);
    if (choice && choice.cut.tokenMs <= mostMs && (!best || choice.cost < best.cost * (1 - 1e-9)))
      best = choice;
  }
  return best;
}

function hopMs(
  { grid, layers }: Pick<Choosing, 'grid' | 'layers'>,
  from: Candidate,
  to: Candidate,
  layer: number,
): number {
  if (from.id === to.id) return 0;
  return hopTime(linkBetween(grid, from.id, to.id), layers.frameBytes(layer)).milliseconds;
}

/** What workers take at least, whatever their order and the cut: the fastest do as much as they have room for. */
function leastTime({ layers }: Choosing, set: readonly Candidate[]): Pick<Cut, 'tokenMs' | 'slowestMs'> {
  let left = layers.work(0, layers.count);
  let tokenMs = 0;
  for (const { memoryBytes, speed } of set.toSorted(
    (one, other) => one.speed.msPerByte - other.speed.msPerByte,
  )) {
    const done = Math.min(left, layers.mostWork(memoryBytes));
    left -= done;
    tokenMs += speed.fixedMs + speed.msPerByte * done;
  }
  if (left > 0) tokenMs = Infinity;
  // Equals differ in the last digits.
  tokenMs = Number(tokenMs.toPrecision(9));
  return { tokenMs, slowestMs: tokenMs / set.length };
}

/**
 * Whether workers in this order may have room for all layers, each as many as it can hold, or none. Says no only where no
 * cut fits.
 */
function mayFit({ count, bytes }: LayerTable, order: readonly Candidate[]): boolean {
  let end = 0;
  for (const { memoryBytes } of order) {
    const start = end;
    while (end < count && bytes(start, end + 1) <= memoryBytes) end++;
  }
  return end === count;
}

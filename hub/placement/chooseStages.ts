/** Which workers take a model's layers, in which order, and where it is cut. */
import type { Candidate } from './candidates.ts';
import { cutCost, cutLayers, type Cut, type Effort, type Slot } from './cutLayers.ts';
import { linkBetween, type GridView } from './gridView.ts';
import type { LayerTable } from './layerTable.ts';
import { hopMs, wayMs } from './prediction/hopTime.ts';
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
  /** Ranges of layers looked at, in `effort`, after which the search is content with what it has found. */
  mostRanges: number;
}

/** Part of a token's time that further devices must save. */
export const leastGain = 0.1;
/** Sets of each size, of those that promise most, whose orders and cuts are searched. */
const setsTried = 4;
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
    if (best && isTired(choosing)) break;
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
    if (candidate.id === next.id) return { ...candidate, hopMs: () => 0 };
    const link = linkBetween(grid, candidate.id, next.id);
    return { ...candidate, hopMs: (layer) => hopMs(link, layers.frameBytes(layer)) };
  });
  const cut = cutLayers(layers, slots, effort);
  if (!cut) return undefined;
  const missing = order.reduce((sum, { cachedShare }) => sum + 1 - cachedShare, 0) / order.length;
  return { order, cut, cost: cutCost(cut) * (1 + loadingCounts * missing) };
}

const isTired = ({ effort, mostRanges }: Choosing): boolean => effort.ranges > mostRanges;

const one = (candidate: Candidate): readonly Candidate[] => [candidate];

/** @param mostMs a token that takes longer is of no use */
function bestOfSets(
  choosing: Choosing,
  sets: readonly (readonly Candidate[])[],
  mostMs = Infinity,
): Choice | undefined {
  const isFew = choosing.candidates.length <= mostExhaustive;
  const promising = sets
    .map((set) => ({ set, bound: boundOf(choosing, set) }))
    .filter(({ bound }) => bound.tokenMs <= mostMs)
    .sort((left, right) => left.bound.cost - right.bound.cost)
    .slice(0, isFew ? sets.length : setsTried);
  let best: Choice | undefined;
  for (const { set, bound } of promising) {
    if (best && (bound.cost >= best.cost * (1 - slack) || isTired(choosing))) break;
    const groups = set.map(one);
    const ways = waysBetween(choosing, groups);
    const hops = leastHops(ways);
    if (bound.tokenMs + hops > mostMs) continue;
    if (best && bound.cost + hops >= best.cost * (1 - slack)) continue;
    const choice = bestOrder(choosing, groups, { mostMs, leastCost: bound.cost, ways });
    if (choice && (!best || choice.cost < best.cost * (1 - 1e-9))) best = choice;
  }
  return best;
}

/** @param groups a worker each, or several stages of one */
function bestOrder(
  choosing: Choosing,
  groups: readonly (readonly Candidate[])[],
  {
    mostMs = Infinity,
    leastCost = 0,
    ways = waysBetween(choosing, groups),
  }: { mostMs?: number; leastCost?: number; ways?: Ways } = {},
): Choice | undefined {
  const { layers, candidates } = choosing;
  const workers = groups.map(([first]) => first as Candidate);
  const isLinked = workers.some(({ worker }) => worker.links.size > 0);
  const alike = workers.map(({ id, memoryBytes, speed, cachedShare }) =>
    isLinked ? id : [memoryBytes, speed.fixedMs, speed.msPerByte, cachedShare].join(),
  );
  const orders = workerOrders(
    groups.map((_, index) => index),
    {
      alike: (index) => alike[index] as string,
      hopMs: (from, to) => ways[from]?.[to] ?? 0,
      largest: (index) => (workers[index] as Candidate).memoryBytes,
    },
    candidates.length <= mostExhaustive,
  )
    .map((order) => ({
      slots: order.flatMap((index) => groups[index] as readonly Candidate[]),
      hops: ringMs(ways, order),
    }))
    .filter(({ slots }) => mayFit(layers, slots))
    .sort((left, right) => left.hops - right.hops);
  let best: Choice | undefined;
  for (const { slots, hops } of orders) {
    // Those that follow have longer ways.
    if (best && (leastCost + hops >= best.cost * (1 - slack) || isTired(choosing))) break;
    const choice = cutFor(choosing, slots);
    if (!choice || choice.cut.tokenMs > mostMs) continue;
    if (!best || choice.cost < best.cost * (1 - 1e-9)) best = choice;
  }
  return best;
}

/** What workers take at least, whatever their order and the cut. */
interface Bound {
  tokenMs: number;
  cost: number;
}

/** How finely limits for the slowest stage are looked at. */
const limitRatio = 1.05;

/**
 * Layers without borders, which each worker takes as many of as its memory holds: for each limit of the slowest stage, the
 * fastest workers do as much as the limit allows. Infinity where they have too little room.
 */
function boundOf({ layers }: Choosing, set: readonly Candidate[]): Bound {
  const work = layers.work(0, layers.count);
  const workers = set
    .map(({ memoryBytes, speed }) => ({ ...speed, most: layers.mostWork(memoryBytes) }))
    .sort((one, other) => one.msPerByte - other.msPerByte);
  const fill = (limit: number): number => {
    let left = work;
    let tokenMs = 0;
    for (const { fixedMs, msPerByte, most } of workers) {
      const within = msPerByte > 0 ? (limit - fixedMs) / msPerByte : Infinity;
      const done = Math.max(0, Math.min(left, most, within));
      left -= done;
      tokenMs += fixedMs + msPerByte * done;
    }
    return left > work * 1e-9 ? Infinity : tokenMs;
  };
  const tokenMs = fill(Infinity);
  if (tokenMs === Infinity) return { tokenMs, cost: Infinity };
  let cost = Infinity;
  for (let limit = tokenMs * (1 + 1e-6); ; limit /= limitRatio) {
    const time = fill(limit);
    if (time === Infinity || time > cost) break;
    // Of all limits down to the next one, none makes a token faster.
    cost = Math.min(cost, time + limit / limitRatio);
  }
  // Equals differ in the last digits.
  return { tokenMs, cost: Number(cost.toPrecision(9)) };
}

/** What crossing from one worker to another costs, by their places in a list; 0 to itself. */
type Ways = readonly (readonly number[])[];

function waysBetween({ grid, layers }: Choosing, groups: readonly (readonly Candidate[])[]): Ways {
  const bytes = layers.frameBytes(layers.count >> 1);
  const workers = groups.map(([first]) => first as Candidate);
  return workers.map((from) => workers.map((to) => wayMs(grid, from.id, to.id, bytes)));
}

/** What the hops cost at least. */
function leastHops(ways: Ways): number {
  if (ways.length === 1) return 0;
  return ways.reduce((sum, own, from) => sum + Math.min(...own.filter((_, to) => to !== from)), 0);
}

/** What all hops of a token cost in this order, the way back included. */
function ringMs(ways: Ways, order: readonly number[]): number {
  return order.reduce((sum, from, place) => {
    const to = order[(place + 1) % order.length] as number;
    return sum + (ways[from]?.[to] ?? 0);
  }, 0);
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

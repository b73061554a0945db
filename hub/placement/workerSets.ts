/** Which sets of workers are worth a look: all of few; of many the fastest, the largest, and mixtures of both. */
import type { Candidate } from './candidates.ts';
import type { LayerTable } from './layerTable.ts';

/** All sets of so many workers are looked at. */
export const mostExhaustive = 5;
/** Sizes beyond the least that fits; a device more that does not save enough time is not taken anyway. */
const furtherSizes = 3;
/** Kinds of pace that are told apart. */
const mostPools = 8;

/** A candidate with what decides whether it is in a set. */
interface Sized {
  index: number;
  candidate: Candidate;
  /** Most layers that it can hold, wherever they are. */
  layers: number;
  /** What the whole model would take there, in milliseconds. */
  wholeMs: number;
}

export class WorkerSets {
  readonly #layerCount: number;
  /** As fast as each pace or faster, those first that hold most. */
  readonly #pools: readonly (readonly Sized[])[];
  readonly #byPace: readonly Sized[];
  readonly #isFew: boolean;

  constructor(layers: LayerTable, candidates: readonly Candidate[]) {
    this.#layerCount = layers.count;
    this.#isFew = candidates.length <= mostExhaustive;
    const least = leastBytes(layers);
    const work = layers.work(0, layers.count);
    const sized = candidates
      .map((candidate, index) => ({
        index,
        candidate,
        layers: mostWithin(least, candidate.memoryBytes),
        // Equals differ in the last digits.
        wholeMs: Number((candidate.speed.fixedMs + candidate.speed.msPerByte * work).toPrecision(9)),
      }))
      .filter((one) => one.layers > 0)
      .sort(
        (one, other) =>
          other.layers - one.layers ||
          Number(one.candidate.isRelayed) - Number(other.candidate.isRelayed) ||
          one.wholeMs - other.wholeMs ||
          other.candidate.cachedShare - one.candidate.cachedShare,
      );
    const paces = [...new Set(sized.map(({ wholeMs }) => wholeMs))].sort((one, other) => one - other);
    const tiers = Array.from(
      { length: Math.min(mostPools, paces.length) },
      (_, tier, count = Math.min(mostPools, paces.length)) =>
        paces[Math.ceil(((tier + 1) * paces.length) / count) - 1] as number,
    );
    this.#byPace = sized.toSorted((one, other) => one.wholeMs - other.wholeMs);
    this.#pools = tiers.map((pace) => sized.filter(({ wholeMs }) => wholeMs <= pace));
  }

  /** Numbers of workers to try, fewest first; none where all together have too little room. */
  sizes(): number[] {
    const all = this.#pools.at(-1) ?? [];
    const most = Math.min(this.#layerCount, all.length);
    if (this.#isFew) return Array.from({ length: most }, (_, index) => index + 1);
    const sizes = this.#pools.flatMap((pool) => this.#fewest(pool) ?? []);
    const least = Math.min(...sizes);
    const further = Array.from({ length: furtherSizes }, (_, index) => least + 1 + index);
    return [...new Set([...sizes, ...further])]
      .filter((size) => size <= most)
      .sort((one, other) => one - other);
  }

  /** Sets of so many workers. */
  ofSize(size: number): (readonly Candidate[])[] {
    if (this.#isFew)
      return subsets(
        (this.#pools.at(-1) ?? []).map(({ candidate }) => candidate),
        size,
      );
    const sets = new Map<string, readonly Candidate[]>();
    for (const pool of this.#pools) {
      if (pool.length < size) continue;
      const byPace = this.#byPace.slice(0, pool.length);
      for (const fast of new Set([0, 1, 2, size >> 1, size - 1, size])) {
        if (fast > size) continue;
        const set = new Set(byPace.slice(0, fast));
        for (const one of pool) {
          if (set.size === size) break;
          set.add(one);
        }
        const key = [...set]
          .map(({ index }) => index)
          .sort((one, other) => one - other)
          .join();
        sets.set(
          key,
          [...set].map(({ candidate }) => candidate),
        );
      }
    }
    return [...sets.values()];
  }

  /** The largest first, as many as may hold all layers and then one more each time, while the caller asks. */
  *growing(): Generator<readonly Candidate[]> {
    const all = (this.#pools.at(-1) ?? []).map(({ candidate }) => candidate);
    const least = this.#fewest(this.#pools.at(-1) ?? []);
    if (least === undefined) return;
    const most = Math.min(all.length, this.#layerCount);
    for (let size = least; size <= most; size++) yield all.slice(0, size);
  }

  /** How many of the first ones may hold all layers between them. */
  #fewest(pool: readonly Sized[]): number | undefined {
    let held = 0;
    const last = pool.findIndex(({ layers }) => (held += layers) >= this.#layerCount);
    return last < 0 ? undefined : last + 1;
  }
}

/** @returns by number of layers, the least that so many neighbouring ones take, in bytes */
function leastBytes({ count, bytes }: LayerTable): number[] {
  return Array.from({ length: count + 1 }, (_, number) => {
    let least = number === 0 ? 0 : Infinity;
    for (let start = 0; number > 0 && start + number <= count; start++)
      least = Math.min(least, bytes(start, start + number));
    return least;
  });
}

/** @param least rises with the number of layers */
function mostWithin(least: readonly number[], memoryBytes: number): number {
  let [low, high] = [0, least.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((least[middle] ?? Infinity) <= memoryBytes) low = middle;
    else high = middle - 1;
  }
  return low;
}

function subsets<T>(all: readonly T[], size: number): T[][] {
  if (size === 0) return [[]];
  return all.flatMap((one, index) => subsets(all.slice(index + 1), size - 1).map((rest) => [one, ...rest]));
}

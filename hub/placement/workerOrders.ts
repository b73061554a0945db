/** In which orders workers are tried: their hops depend on it, and the ends of a pipeline hold embedding and head. */

/** So many workers are tried in every order. */
const mostPermuted = 4;

/**
 * @param alike workers that may be exchanged, by what this returns
 * @param hopMs what crossing from one to another costs
 * @returns all orders of few; of many, rings with short ways, each begun where the largest ones come to an end
 */
export function workerOrders<T>(
  workers: readonly T[],
  { alike, hopMs, largest }: OrderOptions<T>,
  all: boolean,
): T[][] {
  if (all || workers.length <= mostPermuted) return permutations(workers, alike);
  const ring = shortRing(workers, hopMs);
  const rings = [workers, ring, ring.toReversed()];
  const [first, second] = workers.toSorted((one, other) => largest(other) - largest(one));
  return rings.flatMap((order) => {
    const begins = [first, second].map((one) => order.indexOf(one as T));
    // Each of the two largest comes first, or last.
    return begins.flatMap((at) => [rotated(order, at), rotated(order, at + 1)]);
  });
}

export interface OrderOptions<T> {
  alike: (worker: T) => string;
  hopMs: (from: T, to: T) => number;
  /** What a worker has room for, in any unit. */
  largest: (worker: T) => number;
}

const rotated = <T>(order: readonly T[], at: number): T[] => [...order.slice(at), ...order.slice(0, at)];

/** The given order first. Orders that differ only in workers that are alike come once. */
function permutations<T>(workers: readonly T[], alike: (worker: T) => string): T[][] {
  if (workers.length <= 1) return [[...workers]];
  return workers.flatMap((worker, index) => {
    if (workers.slice(0, index).some((other) => alike(other) === alike(worker))) return [];
    return permutations(workers.toSpliced(index, 1), alike).map((rest) => [worker, ...rest]);
  });
}

/** The nearest one that is left, again and again. */
function shortRing<T>(workers: readonly T[], hopMs: (from: T, to: T) => number): T[] {
  const ring = workers.slice(0, 1);
  const left = workers.slice(1);
  while (left.length > 0) {
    const from = ring.at(-1) as T;
    let nearest = 0;
    for (let index = 1; index < left.length; index++) {
      if (hopMs(from, left[index] as T) < hopMs(from, left[nearest] as T)) nearest = index;
    }
    ring.push(...left.splice(nearest, 1));
  }
  return ring;
}

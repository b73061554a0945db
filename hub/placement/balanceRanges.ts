/** A range of layers, inclusive, counted from 0. */
export interface LayerRange {
  firstLayer: number;
  lastLayer: number;
}

/** What one range may take, and how long it takes there. */
export interface Share {
  /** Most that the range may take, in bytes. */
  memoryBytes: number;
  /** Time for each byte of weights that a step reads, in any unit that all shares have. */
  pace: number;
}

/** A function of a layer range, inclusive. */
type OfRange = (firstLayer: number, lastLayer: number) => number;

/** The model's layers, as far as cutting needs to know them. */
export interface CuttableLayers {
  count: number;
  /** What a range takes, in bytes. */
  bytesOf: OfRange;
  /** Bytes of weights that a step of one token reads in a range. */
  workOf: OfRange;
}

export interface BalancedRanges {
  ranges: LayerRange[];
  /** How full the fullest share is; above 1 no cut fits, and the ranges are those that come nearest. */
  load: number;
  /** Time of the slowest range. */
  slowest: number;
}

/**
 * Cuts the layers into one non-empty range for each share, in order. Bytes are the limit: no range takes more than its
 * share has. Work is the aim: the slowest range is as fast as can be, and the others are as even as that allows, since
 * with several answers at once the slowest stage decides.
 * @returns undefined if there are fewer layers than shares
 */
export function balanceRanges(
  shares: readonly Share[],
  { count, bytesOf, workOf }: CuttableLayers,
): BalancedRanges | undefined {
  if (shares.length === 0 || shares.length > count) return undefined;
  const loadOf = ({ memoryBytes }: Share, first: number, last: number): number =>
    bytesOf(first, last) / Math.max(memoryBytes, 1);
  const timeOf = ({ pace }: Share, first: number, last: number): number => pace * workOf(first, last);
  const fullest = cheapestCut(shares, count, (before, ...range) => Math.max(before, loadOf(...range)));
  if (fullest.cost > 1) return { ranges: fullest.ranges, load: fullest.cost, slowest: Infinity };
  const fits = (share: Share, first: number, last: number): boolean =>
    bytesOf(first, last) <= Math.max(share.memoryBytes, 1);
  const { cost: slowest } = cheapestCut(shares, count, (before, ...range) =>
    fits(...range) ? Math.max(before, timeOf(...range)) : Infinity,
  );
  const { ranges } = cheapestCut(shares, count, (before, ...range) => {
    const own = timeOf(...range);
    return fits(...range) && own <= slowest ? before + own ** 2 : Infinity;
  });
  const load = Math.max(
    ...ranges.map(({ firstLayer, lastLayer }, index) =>
      loadOf(shares[index] as Share, firstLayer, lastLayer),
    ),
  );
  return { ranges, load, slowest };
}

/** @param costOf cost of the ranges before, and of one more: never less than before */
function cheapestCut(
  shares: readonly Share[],
  layerCount: number,
  costOf: (before: number, share: Share, firstLayer: number, lastLayer: number) => number,
): { ranges: LayerRange[]; cost: number } {
  // costs[end]: the least for which the first `end` layers can be cut for the shares so far.
  let costs = Array.from({ length: layerCount + 1 }, (_, end) => (end === 0 ? 0 : Infinity));
  const starts: number[][] = [];
  for (const [index, share] of shares.entries()) {
    const next = costs.map(() => Infinity);
    // Where nothing is better, every range still has a layer.
    const chosen = costs.map(() => index);
    for (let end = index + 1; end <= layerCount; end++) {
      for (let start = index; start < end; start++) {
        const cost = costOf(costs[start] ?? Infinity, share, start, end - 1);
        if (cost < (next[end] ?? Infinity)) {
          next[end] = cost;
          chosen[end] = start;
        }
      }
    }
    costs = next;
    starts.push(chosen);
  }
  const ranges: LayerRange[] = [];
  let end = layerCount;
  for (const chosen of starts.reverse()) {
    const start = chosen[end] ?? 0;
    ranges.unshift({ firstLayer: start, lastLayer: end - 1 });
    end = start;
  }
  return { ranges, cost: costs[layerCount] ?? Infinity };
}

/** A range of layers, inclusive, counted from 0. */
export interface LayerRange {
  firstLayer: number;
  lastLayer: number;
}

/**
 * Cuts the layers into one non-empty range for each capacity, in order, so that the fullest one is as little full as
 * can be, and the others are as evenly full as that allows.
 * @param bytesOf bytes of the layers from first to last, inclusive
 * @returns undefined if there are fewer layers than capacities; `load` above 1 means that a range does not fit
 */
export function balanceRanges(
  capacities: number[],
  layerCount: number,
  bytesOf: (firstLayer: number, lastLayer: number) => number,
): { ranges: LayerRange[]; load: number } | undefined {
  if (capacities.length === 0 || capacities.length > layerCount) return undefined;
  const loadOf = (capacity: number, first: number, last: number): number =>
    bytesOf(first, last) / Math.max(capacity, 1);
  const { cost: load } = cheapestCut(capacities, layerCount, (before, ...range) =>
    Math.max(before, loadOf(...range)),
  );
  const { ranges } = cheapestCut(capacities, layerCount, (before, ...range) => {
    const own = loadOf(...range);
    return own > load ? Infinity : before + own ** 2;
  });
  return { ranges, load };
}

/** @param costOf cost of the ranges before, and of one more: never less than before */
function cheapestCut(
  capacities: number[],
  layerCount: number,
  costOf: (before: number, capacity: number, firstLayer: number, lastLayer: number) => number,
): { ranges: LayerRange[]; cost: number } {
  // costs[end]: the least for which the first `end` layers can be cut for the capacities so far.
  let costs = Array.from({ length: layerCount + 1 }, (_, end) => (end === 0 ? 0 : Infinity));
  const starts: number[][] = [];
  for (const [index, capacity] of capacities.entries()) {
    const next = costs.map(() => Infinity);
    // Where nothing is better, every range still has a layer.
    const chosen = costs.map(() => index);
    for (let end = index + 1; end <= layerCount; end++) {
      for (let start = index; start < end; start++) {
        const cost = costOf(costs[start] ?? Infinity, capacity, start, end - 1);
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

/** Cuts a model's layers for workers in a given order: by dynamic programming over (worker, layers so far). */
import type { Candidate } from './candidates.ts';
import type { LayerTable } from './layerTable.ts';
import type { LayerRange } from './layerRange.ts';

/** Room for one stage. */
export interface Slot extends Pick<Candidate, 'memoryBytes' | 'speed'> {
  /** What crossing to the next slot costs a token where that one begins with a layer, in milliseconds; after the last, the way back. */
  hopMs: (layer: number) => number;
}

export interface Cut {
  ranges: LayerRange[];
  /** What a token takes: all stages and hops, the way back included, in milliseconds. */
  tokenMs: number;
  /** What the slowest stage takes, in milliseconds: with many streams, the time between two tokens. */
  slowestMs: number;
}

/** Counts ranges of layers that were looked at. */
export interface Effort {
  ranges: number;
}

/** How finely limits for the slowest stage are tried. */
const limitStep = 1.02;
const mostLimits = 24;
/** Where layers and slots are many, limits are tried less finely: ranges looked at for one cut. */
const effortForCut = 60_000;
/** What evenness counts against time: among cuts that are equally fast, stages take equally long. */
const evenness = 1e-4;

/** What the search wants least of: the time of one token, and of the slowest stage. */
export const cutCost = ({ tokenMs, slowestMs }: Pick<Cut, 'tokenMs' | 'slowestMs'>): number =>
  tokenMs + slowestMs;

/**
 * The cut with the least `cutCost` in which every slot has a layer and none more than its memory holds.
 * @returns undefined where there is none
 */
export function cutLayers(layers: LayerTable, slots: readonly Slot[], effort: Effort): Cut | undefined {
  const before = effort.ranges;
  const fastest = fastestCut(layers, slots, Infinity, effort);
  if (!fastest) return undefined;
  const once = effort.ranges - before;
  const least = leastSlowest(layers, slots, effort);
  if (least >= fastest.slowestMs * (1 - 1e-9)) return fastest;
  let best = fastest;
  const limits = Math.min(mostLimits, Math.max(3, Math.floor(effortForCut / once)));
  const step = Math.max(limitStep, (fastest.slowestMs / least) ** (1 / limits));
  for (let limit = least * (1 + 1e-9); limit < fastest.slowestMs; limit *= step) {
    // No cut is faster than the fastest, and at this limit none that is left has a quicker slowest stage.
    if (fastest.tokenMs + limit / step >= cutCost(best)) break;
    const cut = fastestCut(layers, slots, limit, effort);
    if (cut && cutCost(cut) < cutCost(best)) best = cut;
  }
  return best;
}

/** The cut in which a token takes least, no stage longer than `limit`. */
function fastestCut(
  layers: LayerTable,
  slots: readonly Slot[],
  limit: number,
  effort: Effort,
): Cut | undefined {
  const whole = Math.max(...slots.map(({ speed }) => timeOf(speed, layers.work(0, layers.count))), 1e-9);
  const found = cheapest(layers, slots, effort, { limit, evenness: evenness / whole });
  if (!found) return undefined;
  const times = found.map(({ firstLayer, lastLayer }, index) =>
    timeOf((slots[index] as Slot).speed, layers.work(firstLayer, lastLayer + 1)),
  );
  const hops = slots.map(({ hopMs }, index) => hopMs(found[index + 1]?.firstLayer ?? 0));
  return {
    ranges: found,
    tokenMs: [...times, ...hops].reduce((sum, time) => sum + time, 0),
    slowestMs: Math.max(...times),
  };
}

/** What the slowest stage takes where that is as little as can be. */
function leastSlowest(layers: LayerTable, slots: readonly Slot[], effort: Effort): number {
  const found = cheapest(layers, slots, effort, 'slowest');
  const times = (found ?? []).map(({ firstLayer, lastLayer }, index) =>
    timeOf((slots[index] as Slot).speed, layers.work(firstLayer, lastLayer + 1)),
  );
  return Math.max(...times);
}

/**
 * @param aim what is to be least: the slowest stage; or the sum of all stages and hops, none longer than a limit, where each
 * stage's square counts a little
 */
function cheapest(
  layers: LayerTable,
  slots: readonly Slot[],
  effort: Effort,
  aim: 'slowest' | { limit: number; evenness: number },
): LayerRange[] | undefined {
  const isSum = aim !== 'slowest';
  const limit = isSum ? aim.limit : Infinity;
  const squares = isSum ? aim.evenness : 0;
  const { bytesTable, workBefore } = layers;
  const width = layers.count + 1;
  const { count } = layers;
  const chosen: Int32Array[] = [];
  // costs[end]: the least for which the first `end` layers can be cut for the slots so far.
  let costs = new Float64Array(count + 1).fill(Infinity);
  costs[0] = 0;
  for (const [index, slot] of slots.entries()) {
    const { memoryBytes } = slot;
    const { fixedMs, msPerByte } = slot.speed;
    const next = new Float64Array(count + 1).fill(Infinity);
    const starts = new Int32Array(count + 1).fill(-1);
    const isLast = index === slots.length - 1;
    const previous = slots[index - 1];
    for (let start = index; start < count; start++) {
      const before = costs[start] as number;
      if (before === Infinity) continue;
      const hop = previous?.hopMs(start) ?? 0;
      const lastEnd = count - (slots.length - 1 - index);
      const done = workBefore[start] as number;
      for (let end = isLast ? count : start + 1; end <= lastEnd; end++) {
        effort.ranges++;
        const time = fixedMs + msPerByte * ((workBefore[end] as number) - done);
        if (time > limit || (bytesTable[start * width + end] as number) > memoryBytes) break;
        const sum = isSum ? before + hop + time + squares * time * time : Math.max(before, time);
        if (sum < (next[end] as number)) {
          next[end] = sum;
          starts[end] = start;
        }
      }
    }
    costs = next;
    chosen.push(starts);
  }
  if (costs[count] === Infinity) return undefined;
  const ranges: LayerRange[] = [];
  let end = count;
  for (const starts of chosen.toReversed()) {
    const start = starts[end] as number;
    ranges.unshift({ firstLayer: start, lastLayer: end - 1 });
    end = start;
  }
  return ranges;
}

const timeOf = ({ fixedMs, msPerByte }: Slot['speed'], work: number): number => fixedMs + msPerByte * work;

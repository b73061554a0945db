/** A model's layers as arrays, so that searching for cuts costs next to nothing for each range. */
import { frameBytesPerToken } from './prediction/tokenBytes.ts';
import type { PlacedModel } from './candidates.ts';
import { stageBytes } from './stageMemory.ts';
import { stepWork } from './stepWork.ts';

/** Layers from `start` to `end`, without the latter. */
export interface LayerTable {
  count: number;
  /** What the layers take in memory, in bytes, with the ends that they are: the more layers, the more. */
  bytes: (start: number, end: number) => number;
  /** Bytes of weights that a step of one token reads in them. */
  work: (start: number, end: number) => number;
  /** The same numbers for tight loops: `bytesTable[start * (count + 1) + end]`, and work before each layer. */
  bytesTable: Float64Array;
  workBefore: Float64Array;
  /** The most work of neighbouring layers that so much memory holds. */
  mostWork: (memoryBytes: number) => number;
  /** What crosses for each token before a layer, in bytes; before layer 0, the way back. */
  frameBytes: (layer: number) => number;
}

export function layerTable(model: PlacedModel): LayerTable {
  const count = model.layers.length;
  const bytesOf = stageBytes(model, model.workingMemory);
  const workOf = stepWork(model);
  const work = Float64Array.from({ length: count + 1 }, (_, end) => (end === 0 ? 0 : workOf(0, end - 1)));
  const width = count + 1;
  const bytes = new Float64Array(width * width);
  for (let start = 0; start < count; start++) {
    for (let end = start + 1; end <= count; end++) bytes[start * width + end] = bytesOf(start, end - 1);
  }
  const frames = Float64Array.from(model.layers, (_, layer) => frameBytesPerToken(model, layer));
  const bytesIn = (start: number, end: number): number => bytes[start * width + end] ?? 0;
  const workIn = (start: number, end: number): number => (work[end] ?? 0) - (work[start] ?? 0);
  const most = new Map<number, number>();
  const findMost = (memoryBytes: number): number => {
    let found = 0;
    for (let start = 0, end = 0; start < count; start++) {
      end = Math.max(end, start);
      while (end < count && bytesIn(start, end + 1) <= memoryBytes) end++;
      found = Math.max(found, workIn(start, end));
    }
    return found;
  };
  return {
    count,
    bytes: bytesIn,
    work: workIn,
    bytesTable: bytes,
    workBefore: work,
    mostWork: (memoryBytes) => {
      const known = most.get(memoryBytes) ?? findMost(memoryBytes);
      most.set(memoryBytes, known);
      return known;
    },
    frameBytes: (layer) => frames[layer] ?? 0,
  };
}

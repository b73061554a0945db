import type { StageAt } from '../layerRange.ts';

export interface StageToPredict extends StageAt {
  /** What the stage takes of its worker's memory, in bytes. */
  memoryBytes: number;
  /** Of `memoryBytes`, what remains where its caches give back all that they can. Default: all of it. */
  leastMemoryBytes?: number;
}

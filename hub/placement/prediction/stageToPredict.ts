import type { StageAt } from '../layerRange.ts';

export interface StageToPredict extends StageAt {
  /** What the stage takes of its worker's memory, in bytes. */
  memoryBytes: number;
}

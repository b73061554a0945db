import type { WorkerId } from '@potluck/protocol';

/** A range of layers, inclusive, counted from 0. */
export interface LayerRange {
  firstLayer: number;
  lastLayer: number;
}

/** A stage and its worker. */
export interface StageAt extends LayerRange {
  workerId: WorkerId;
}

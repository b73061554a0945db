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

/** True for the same layers. */
export function isSameRange(one: LayerRange, other: LayerRange): boolean {
  return one.firstLayer === other.firstLayer && one.lastLayer === other.lastLayer;
}

/** True for the same layers at the same worker. */
export function isSameStage(one: StageAt, other: StageAt): boolean {
  return one.workerId === other.workerId && isSameRange(one, other);
}

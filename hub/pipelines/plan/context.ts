/** What the questions of `plan` are asked of. */
import type { PipelinesState } from '../state/state.ts';
import type { Grid } from './grid.ts';

export interface Context {
  state: PipelinesState;
  grid: Grid;
  /** By a `Clock`. */
  now: number;
}

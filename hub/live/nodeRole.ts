import type { Node, StageState } from '@potluck/api';

/** What a node does for the models, by the states of its stages. */
export function roleOf(states: readonly StageState[]): Node['role'] {
  if (states.length === 0) return 'standby';
  return states.every((state) => state === 'ready') ? 'serving' : 'preparing';
}

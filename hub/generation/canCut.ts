import type { StageDescription } from '@potluck/protocol';

/** True where a stage can go on with the first part of its caches: states of fixed size are there whole or not at all. */
export function canCut({ caches }: Pick<StageDescription, 'caches'>): boolean {
  return caches.every(({ kind }) => kind !== 'state');
}

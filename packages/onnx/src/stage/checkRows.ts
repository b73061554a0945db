/** Refuses stages whose boundary tensors can't be joined and parted by rows. */
import type { StageDescription } from '@potluck/protocol';
import { UnsupportedModelError } from '../errors.ts';

/** @throws {UnsupportedModelError} if a boundary tensor is not one row a token */
export function checkRows({
  boundaryIn,
  boundaryOut,
}: Pick<StageDescription, 'boundaryIn' | 'boundaryOut'>): void {
  for (const { name, dims } of [...boundaryIn, ...boundaryOut]) {
    const [batch, rows, ...rest] = dims;
    if (batch !== 1 || rows !== 'step' || rest.some((length) => typeof length !== 'number'))
      throw new UnsupportedModelError('a boundary tensor that is not one row a token', name);
  }
}

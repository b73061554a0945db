/** A cache tensor's shape as its strategies need it: blocks of rows, one block for each head. */
import type { StageCache } from '@potluck/protocol';
import { elementCount, resolveDims } from '../tensor/dimensions.ts';
import { bytesPerElement, stageElementType, type StageElementType } from '../tensor/elements.ts';

export interface CacheLayout {
  readonly type: StageElementType;
  /** Blocks that each hold one run of rows (heads, times the batch of 1); 1 for a state. */
  readonly blocks: number;
  /** Bytes of one token's row in one block; for a state, all its bytes. */
  readonly rowBytes: number;
  /** Shape with `rows` on the sequence axis; a state has one shape. */
  dims(rows: number): number[];
  /** Bytes of the whole tensor with `rows` rows. */
  bytes(rows: number): number;
}

export function cacheLayout(cache: StageCache): CacheLayout {
  const type = stageElementType(cache.type);
  const dims = (rows: number): number[] => resolveDims(cache.dims, rows, 0);
  const axis = cache.sequenceAxis;
  if (cache.kind === 'state' || axis === undefined) {
    const rowBytes = elementCount(dims(0)) * bytesPerElement(type);
    return { type, blocks: 1, rowBytes, dims, bytes: () => rowBytes };
  }
  const blocks = elementCount(dims(1).slice(0, axis));
  const rowBytes = elementCount(dims(1).slice(axis + 1)) * bytesPerElement(type);
  return { type, blocks, rowBytes, dims, bytes: (rows) => blocks * rows * rowBytes };
}

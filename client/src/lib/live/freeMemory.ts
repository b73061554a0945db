import type { Node } from '@potluck/api';

type Memory = Pick<Node, 'memoryBytes' | 'reservedBytes' | 'reclaimableBytes'>;

/** Memory of a node that another model can have, in bytes. */
export function freeMemory({ memoryBytes, reservedBytes, reclaimableBytes }: Memory): number {
  return Math.max(0, memoryBytes - reservedBytes + reclaimableBytes);
}

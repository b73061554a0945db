/** Does a model fit the grid as it is, judged by its size alone. */
import { formatBytes, type Fit } from '@potluck/api';
import { workingMemoryBytes } from '@potluck/protocol';

/** What a node has for one more model, in bytes. */
export interface Room {
  /** What is not reserved. */
  freeBytes: number;
  /** What caches of other models would give back. */
  reclaimableBytes: number;
}

/**
 * @param bytes of the model's files, which weigh about as much as what is loaded of them
 * @param rooms of each node that may have stages
 */
export function estimateFit(bytes: number, rooms: readonly Room[]): Fit {
  const neededBytes = Math.ceil(bytes + workingMemoryBytes(bytes));
  const free = rooms.map(({ freeBytes }) => freeBytes);
  const withCaches = rooms.map(({ freeBytes, reclaimableBytes }) => freeBytes + reclaimableBytes);
  const offeredBytes = sum(withCaches);
  const needs = `needs about ${formatBytes(neededBytes)}`;
  const message =
    rooms.length === 0
      ? `${needs}; no node is here`
      : Math.max(...free) >= neededBytes
        ? `${needs}; one node has room`
        : sum(free) >= neededBytes
          ? `${needs}; split over nodes with ${formatBytes(sum(free))} together`
          : Math.max(...withCaches) >= neededBytes
            ? `${needs}; one node has room once caches of other models shrink`
            : offeredBytes >= neededBytes
              ? `${needs}; split over nodes with ${formatBytes(offeredBytes)} together, once caches of other models shrink`
              : `${needs}; the nodes have ${formatBytes(offeredBytes)} that is free or that caches can give back`;
  return { fits: neededBytes <= offeredBytes, neededBytes, offeredBytes, message };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

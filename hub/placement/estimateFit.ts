/** Does a model fit the grid as it is, judged by its size alone. */
import { formatBytes, type Fit } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import { workingMemoryBytes } from '@potluck/protocol';
import { sum } from './sum.ts';

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
  const needed = formatBytes(neededBytes);
  const message =
    rooms.length === 0
      ? hubText('fits-nowhere-yet', { needed })
      : Math.max(...free) >= neededBytes
        ? hubText('fits-on-one', { needed })
        : sum(free) >= neededBytes
          ? hubText('fits-together', { needed, room: formatBytes(sum(free)) })
          : Math.max(...withCaches) >= neededBytes
            ? hubText('fits-on-one-later', { needed })
            : offeredBytes >= neededBytes
              ? hubText('fits-together-later', { needed, room: formatBytes(offeredBytes) })
              : hubText('does-not-fit', { needed, room: formatBytes(offeredBytes) });
  return { fits: neededBytes <= offeredBytes, neededBytes, offeredBytes, message };
}

/** Does a model fit the grid as it is, judged by its size alone. */
import { formatBytes, type Fit } from '@potluck/api';
import { workingMemoryBytes } from '@potluck/protocol';

/**
 * @param bytes of the model's files, which weigh about as much as what is loaded of them
 * @param freeBytes of each node that may have stages
 */
export function estimateFit(bytes: number, freeBytes: readonly number[]): Fit {
  const neededBytes = Math.ceil(bytes + workingMemoryBytes(bytes));
  const offeredBytes = freeBytes.reduce((sum, free) => sum + free, 0);
  const fits = neededBytes <= offeredBytes;
  const largest = Math.max(0, ...freeBytes);
  const message =
    freeBytes.length === 0
      ? `needs about ${formatBytes(neededBytes)}; no node is here`
      : fits
        ? neededBytes <= largest
          ? `needs about ${formatBytes(neededBytes)}; one node has room`
          : `needs about ${formatBytes(neededBytes)}; split over nodes with ${formatBytes(offeredBytes)} together`
        : `needs about ${formatBytes(neededBytes)}; the nodes have ${formatBytes(offeredBytes)} that is not reserved`;
  return { fits, neededBytes, offeredBytes, message };
}

/** Other ways to lay a model's layers over nodes, by moving as few of them as possible. */

/** Layers that a node runs, both included. */
export interface Share {
  nodeId: string;
  firstLayer: number;
  lastLayer: number;
}

/**
 * A node's layers go to one that has none, else to its neighbour.
 * @returns the shares as they are where the node has none, or where nobody else is there
 */
export function withoutNode(shares: readonly Share[], nodeId: string, spareId?: string): Share[] {
  const index = shares.findIndex((share) => share.nodeId === nodeId);
  const given = shares[index];
  if (!given) return [...shares];
  if (spareId !== undefined) return shares.with(index, { ...given, nodeId: spareId });
  const [before, after] = [shares[index - 1], shares[index + 1]];
  if (before) return shares.toSpliced(index - 1, 2, { ...before, lastLayer: given.lastLayer });
  if (after) return shares.toSpliced(index, 2, { ...after, firstLayer: given.firstLayer });
  return [...shares];
}

/**
 * A node takes over half of the longest share.
 * @returns the shares as they are where it has one, or where none can be halved
 */
export function withNode(shares: readonly Share[], nodeId: string): Share[] {
  const lengthOf = ({ firstLayer, lastLayer }: Share): number => lastLayer - firstLayer + 1;
  const [longest] = shares.toSorted((one, other) => lengthOf(other) - lengthOf(one));
  if (!longest || lengthOf(longest) < 2 || shares.some((share) => share.nodeId === nodeId))
    return [...shares];
  const lastKept = longest.firstLayer + Math.ceil(lengthOf(longest) / 2) - 1;
  return shares.toSpliced(
    shares.indexOf(longest),
    1,
    { ...longest, lastLayer: lastKept },
    { nodeId, firstLayer: lastKept + 1, lastLayer: longest.lastLayer },
  );
}

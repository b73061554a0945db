/** The order in which workers are asked for room. */

/** Most memory first; equals by name, so that a worker that comes back gets the layers that it has. */
export function largestFirst<Worker extends { id: string; name: string; memoryBytes: number }>(
  workers: readonly Worker[],
): Worker[] {
  return [...workers].sort(
    (one, other) =>
      other.memoryBytes - one.memoryBytes ||
      compareText(one.name, other.name) ||
      compareText(one.id, other.id),
  );
}

/** By code units, the same everywhere. */
function compareText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

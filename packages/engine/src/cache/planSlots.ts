/** Which caches lie in slots of one buffer, and how large the slots are. Pure. */

/** A cache that may lie in a slot. */
export interface SlotCandidate {
  /** Tokens in it. */
  rows: number;
  /** Rows that it has reserved: the most that it will hold. */
  capacity: number;
}

/** Slots grow by a quarter, at least by so many rows: a row is then moved a few times in all. */
const leastGrowth = 64;

/** Rows that the longest of these needs: its tokens, and one more that a step, or a dummy row, writes. */
export function neededRows(caches: readonly SlotCandidate[]): number {
  return Math.max(...caches.map(({ rows }) => rows)) + 1;
}

/**
 * Rows of each slot, at least `neededRows`. All slots together never take more than what their caches have reserved, which gave
 * their own buffers back: whoever counts reserved memory counts slots, too.
 * @param mostRows that one buffer may have
 * @returns undefined where that is too little
 */
export function slotCapacity(caches: readonly SlotCandidate[], mostRows: number): number | undefined {
  if (caches.length < 2) return undefined;
  const capacities = caches.map(({ capacity }) => capacity);
  const reserved = capacities.reduce((sum, capacity) => sum + capacity, 0);
  const allowed = Math.floor(Math.min(reserved, mostRows) / caches.length);
  const needed = neededRows(caches);
  if (needed > allowed) return undefined;
  return Math.min(allowed, Math.max(...capacities), needed + Math.max(leastGrowth, Math.ceil(needed / 4)));
}

/** @returns those that can lie in slots together: all but the longest, of which no more than necessary are left out */
export function whoShares<Cache extends SlotCandidate>(caches: readonly Cache[], mostRows: number): Cache[] {
  const shortestFirst = caches.toSorted((left, right) => left.rows - right.rows);
  while (shortestFirst.length > 1 && slotCapacity(shortestFirst, mostRows) === undefined) shortestFirst.pop();
  if (shortestFirst.length < 2) return [];
  const sharing = new Set(shortestFirst);
  return caches.filter((cache) => sharing.has(cache));
}

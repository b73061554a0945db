import { SvelteMap } from 'svelte/reactivity';

const dishCount = 8;
/** By node, of those that are here. */
const dishes = new SvelteMap<string, number>();

/** The colour that a node has everywhere, in every browser, a CSS value. */
export function dishColor(nodeId: string): string {
  return `var(--dish-${dishes.get(nodeId) ?? preferredDish(nodeId)})`;
}

/** Gives the nodes that are here their colours. */
export function seatNodes(nodes: Iterable<{ id: string; joinedAt: number }>): void {
  const seated = dishesOf(nodes);
  for (const id of [...dishes.keys()]) if (!seated.has(id)) dishes.delete(id);
  for (const [id, dish] of seated) if (dishes.get(id) !== dish) dishes.set(id, dish);
}

/**
 * The dishes of these nodes, by id. Only what the hub says decides, so that all browsers show the same: who joined
 * earlier chooses first, and as long as there are dishes enough, no two nodes have the same.
 */
export function dishesOf(nodes: Iterable<{ id: string; joinedAt: number }>): Map<string, number> {
  const found = new Map<string, number>();
  const taken = Array.from({ length: dishCount }, () => 0);
  for (const { id } of [...nodes].sort(byArrival)) {
    const dish = freeDish(taken, preferredDish(id));
    taken[dish] = (taken[dish] ?? 0) + 1;
    found.set(id, dish);
  }
  return found;
}

function byArrival(one: { id: string; joinedAt: number }, other: { id: string; joinedAt: number }): number {
  return one.joinedAt - other.joinedAt || (one.id < other.id ? -1 : 1);
}

/** The preferred dish where nobody has it, else the next one that fewest have. */
function freeDish(taken: readonly number[], preferred: number): number {
  const fewest = Math.min(...taken);
  for (let step = 0; step < dishCount; step += 1) {
    const dish = (preferred + step) % dishCount;
    if (taken[dish] === fewest) return dish;
  }
  return preferred;
}

function preferredDish(text: string): number {
  let value = 0;
  for (const character of text) value = (value * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return value % dishCount;
}

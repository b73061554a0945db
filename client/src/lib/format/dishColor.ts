const dishCount = 8;
const dishes = new Map<string, number>();

/**
 * The colour that a worker has everywhere on this page, a CSS value: as long as there are dishes enough, no two workers
 * have the same.
 */
export function dishColor(workerId: string): string {
  let dish = dishes.get(workerId);
  if (dish === undefined) {
    dish = freeDish(hash(workerId) % dishCount);
    dishes.set(workerId, dish);
  }
  return `var(--dish-${dish})`;
}

/** The preferred dish where nobody has it, else the next one that fewest have. */
function freeDish(preferred: number): number {
  const taken = Array.from({ length: dishCount }, () => 0);
  for (const dish of dishes.values()) taken[dish] = (taken[dish] ?? 0) + 1;
  const fewest = Math.min(...taken);
  for (let step = 0; step < dishCount; step += 1) {
    const dish = (preferred + step) % dishCount;
    if (taken[dish] === fewest) return dish;
  }
  return preferred;
}

function hash(text: string): number {
  let value = 0;
  for (const character of text) value = (value * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return value;
}

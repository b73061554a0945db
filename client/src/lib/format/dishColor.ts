const dishCount = 8;

/** The colour that a worker has everywhere: the same id, the same dish. A CSS value. */
export function dishColor(workerId: string): string {
  let hash = 0;
  for (const character of workerId) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return `var(--dish-${hash % dishCount})`;
}

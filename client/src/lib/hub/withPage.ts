/** A list with the page that follows it. What moved between two readings is in both: the first place counts. */
export function withPage<T extends { id: string }>(list: readonly T[], page: readonly T[]): T[] {
  const known = new Set(list.map(({ id }) => id));
  return [...list, ...page.filter(({ id }) => !known.has(id))];
}

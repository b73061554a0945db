/** Lists of ids that this browser remembers. */

/** Empty where nothing was kept, or where it can't be read. */
export function readIds(storageKey: string): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

/** Where storage is forbidden, the list lasts as long as its page shows it. */
export function keepIds(storageKey: string, ids: readonly string[]): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(ids));
  } catch {
    // Nothing is kept here.
  }
}

/** Lists of ids that this browser, or a tab of it, remembers. */

/** What keeps them; throws where storage is forbidden. Default: this browser's; else `() => sessionStorage`, this tab's. */
type Keeping = () => Pick<Storage, 'getItem' | 'setItem'>;
const ofBrowser: Keeping = () => localStorage;

/**
 * The ids to remember, the one that came first before the others, after `id` came or left.
 * @param most how many are remembered; the ones that came first are forgotten first
 */
export function withId(ids: readonly string[], id: string, isIn: boolean, most: number): string[] {
  const others = ids.filter((one) => one !== id);
  return isIn ? [...others, id].slice(-most) : others;
}

/** Empty where nothing was kept, or where it can't be read. */
export function readIds(storageKey: string, storage = ofBrowser): string[] {
  try {
    const kept: unknown = JSON.parse(storage().getItem(storageKey) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

/** Where storage is forbidden, the list lasts as long as its page shows it. */
export function keepIds(storageKey: string, ids: readonly string[], storage = ofBrowser): void {
  try {
    storage().setItem(storageKey, JSON.stringify(ids));
  } catch {
    // Nothing is kept here.
  }
}

/** What this browser has done for hubs in all, kept over reloads. */

export interface Contributed {
  tokens: number;
  steps: number;
}

const storageKey = 'potluck:contributed';
const none: Contributed = { tokens: 0, steps: 0 };

/**
 * The total after a tab told its own numbers again.
 * @param before of the tab, when it last told; a smaller number now means that it began anew
 */
export function addServed(total: Contributed, before: Contributed, now: Contributed): Contributed {
  const gain = (name: keyof Contributed): number =>
    now[name] >= before[name] ? now[name] - before[name] : now[name];
  return { tokens: total.tokens + gain('tokens'), steps: total.steps + gain('steps') };
}

/** Nothing where nothing was kept, or where it can't be read. */
export function readContributed(): Contributed {
  try {
    const kept = JSON.parse(localStorage.getItem(storageKey) ?? '') as Partial<Contributed>;
    const count = (value: unknown): number =>
      Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0;
    return { tokens: count(kept.tokens), steps: count(kept.steps) };
  } catch {
    return none;
  }
}

export function keepContributed(total: Contributed): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(total));
  } catch {
    // Storage is forbidden here: the total lasts as long as the page.
  }
}

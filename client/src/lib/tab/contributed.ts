/** What this browser has done for hubs in all, kept over reloads. */

export interface Contributed {
  tokens: number;
  steps: number;
  /** Answers that it took part in. */
  answers: number;
  /** Bytes that it exchanged with the devices beside it. */
  bytes: number;
  /** Time for which it was joined, in milliseconds. */
  joinedMs: number;
}

const names = ['tokens', 'steps', 'answers', 'bytes', 'joinedMs'] as const;
const storageKey = 'potluck:contributed';
export const nothingContributed: Contributed = { tokens: 0, steps: 0, answers: 0, bytes: 0, joinedMs: 0 };

const each = (valueOf: (name: (typeof names)[number]) => number): Contributed =>
  Object.fromEntries(names.map((name) => [name, valueOf(name)])) as unknown as Contributed;

/**
 * The total after a tab told its own numbers again.
 * @param before of the tab, when it last told; a smaller number now means that it began anew
 */
export function addServed(total: Contributed, before: Contributed, now: Contributed): Contributed {
  return each((name) => total[name] + (now[name] >= before[name] ? now[name] - before[name] : now[name]));
}

/** Nothing where nothing was kept, or where it can't be read. */
export function readContributed(): Contributed {
  try {
    const kept = JSON.parse(localStorage.getItem(storageKey) ?? '') as Partial<Contributed>;
    const count = (value: unknown): number =>
      Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0;
    return each((name) => count(kept[name]));
  } catch {
    return nothingContributed;
  }
}

export function keepContributed(total: Contributed): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(total));
  } catch {
    // Storage is forbidden here: the total lasts as long as the page.
  }
}

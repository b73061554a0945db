/** What people began to write, by the conversation that it is for. */

/** So many are remembered; what was written first is forgotten first. */
const mostDrafts = 50;
/** How many characters of all drafts together outlast a reload. */
export const mostStored = 200_000;

/** Of a new conversation, which the hub does not know yet. */
export const newPlace = 'new';
/** Of a temporary chat: it is never stored. */
export const temporaryPlace = 'temporary';

/** By conversation, what was changed last at the end. */
export type Drafts = ReadonlyMap<string, string>;

/** The drafts after `text` was written for `place`. */
export function withDraft(drafts: Drafts, place: string, text: string): Map<string, string> {
  const others = [...drafts].filter(([one]) => one !== place);
  return new Map([...others, ...(text === '' ? [] : [[place, text] as const])].slice(-mostDrafts));
}

/** The drafts after `from` became `to`, which had none. */
export function moved(drafts: Drafts, from: string, to: string): Map<string, string> {
  return withDraft(withDraft(drafts, from, ''), to, drafts.get(from) ?? '');
}

/** The drafts after `words` were sent from one of `places`. What was typed behind them meanwhile stays. */
export function withoutSent(drafts: Drafts, places: readonly string[], words: string): Map<string, string> {
  return places.reduce((now, place) => {
    const text = now.get(place) ?? '';
    return text.startsWith(words) ? withDraft(now, place, text.slice(words.length)) : now;
  }, new Map(drafts));
}

/** As it is stored: the newest ones that there is room for. */
export function writeDrafts(drafts: Drafts): string {
  let left = mostStored;
  const kept = [...drafts].toReversed().filter(([place, { length }]) => {
    if (place === temporaryPlace || length > left) return false;
    left -= length;
    return true;
  });
  return JSON.stringify(kept.toReversed());
}

/** What was stored; empty where that is damaged. */
export function readDrafts(stored: string | null): Map<string, string> {
  try {
    const kept: unknown = JSON.parse(stored ?? '[]');
    const pairs = (Array.isArray(kept) ? kept : []).filter(isPair);
    return new Map(pairs.slice(-mostDrafts));
  } catch {
    return new Map();
  }
}

const isPair = (value: unknown): value is [string, string] =>
  Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === 'string');

/**
 * Messages whose answers this tab has asked for and that no hub has begun to write: a model may load for minutes, and
 * whoever reloads the page meanwhile, or looks at another one, still wants the answer.
 */

const storageKey = 'potluck:asked';
/** How many are remembered; the ones that were asked first are forgotten first. */
const mostRemembered = 20;

/** The ids to remember after the answer to message `id` was asked for, or was begun, refused or stopped. */
export function withAsked(ids: readonly string[], id: string, isAsked: boolean): string[] {
  const others = ids.filter((one) => one !== id);
  return isAsked ? [...others, id].slice(-mostRemembered) : others;
}

export function isAsked(id: string): boolean {
  return read().includes(id);
}

export function keepAsked(id: string, asked: boolean): void {
  try {
    sessionStorage.setItem(storageKey, JSON.stringify(withAsked(read(), id, asked)));
  } catch {
    // Where storage is forbidden, who comes back asks again.
  }
}

function read(): string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(storageKey) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

/** In which conversations this browser's person wants to see how sure the model is of each word. */

const storageKey = 'potluck:tokens-shown-in';
/** How many conversations are remembered; the ones that were chosen first are forgotten first. */
const mostRemembered = 200;

/** The ids to remember, oldest choice first, after the person chose for the conversation `id`. */
export function withChoice(ids: readonly string[], id: string, isShown: boolean): string[] {
  const others = ids.filter((one) => one !== id);
  return isShown ? [...others, id].slice(-mostRemembered) : others;
}

export function areTokensShown(id: string): boolean {
  return readIds().includes(id);
}

export function keepTokensShown(id: string, isShown: boolean): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(withChoice(readIds(), id, isShown)));
  } catch {
    // It lasts as long as the page shows the conversation.
  }
}

function readIds(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

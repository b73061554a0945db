/** In which conversations this browser's person wants to see how sure the model is of each word. */
import { keepIds, readIds, withId } from '#lib/browser/keptIds.ts';

const storageKey = 'potluck:tokens-shown-in';
/** How many conversations are remembered; the ones that were chosen first are forgotten first. */
const mostRemembered = 200;

/** The ids to remember, oldest choice first, after the person chose for the conversation `id`. */
export function withChoice(ids: readonly string[], id: string, isShown: boolean): string[] {
  return withId(ids, id, isShown, mostRemembered);
}

export function areTokensShown(id: string): boolean {
  return readIds(storageKey).includes(id);
}

export function keepTokensShown(id: string, isShown: boolean): void {
  keepIds(storageKey, withChoice(readIds(storageKey), id, isShown));
}

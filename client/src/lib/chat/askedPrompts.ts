/**
 * Messages whose answers this tab has asked for and that no hub has begun to write: a model may load for minutes, and
 * whoever reloads the page meanwhile, or looks at another one, still wants the answer.
 */
import { keepIds, readIds, withId } from '#lib/browser/keptIds.ts';

const storageKey = 'potluck:asked';
/** How many are remembered; the ones that were asked first are forgotten first. */
const mostRemembered = 20;

/** The ids to remember after the answer to message `id` was asked for, or was begun, refused or stopped. */
export function withAsked(ids: readonly string[], id: string, isAsked: boolean): string[] {
  return withId(ids, id, isAsked, mostRemembered);
}

export function isAsked(id: string): boolean {
  return read().includes(id);
}

/** Where storage is forbidden, who comes back asks again. */
export function keepAsked(id: string, asked: boolean): void {
  keepIds(storageKey, withAsked(read(), id, asked), ofTab);
}

const ofTab = (): Storage => sessionStorage;
const read = (): string[] => readIds(storageKey, ofTab);

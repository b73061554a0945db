/** How many events of a stream its reader has: one number for each answer, in an id such as `42`, or `42.40` for two answers. */

/** More than the id has of all answers that a request may ask for. */
const longestId = 2000;

/** @returns undefined where it is no id of an event */
export function readEventId(id: string): number[] | undefined {
  if (id.length > longestId || !/^\d{1,9}(\.\d{1,9})*$/.test(id)) return undefined;
  return id.split('.').map(Number);
}

export function eventIdOf(eventsRead: readonly number[]): string {
  return eventsRead.join('.');
}

/** How many messages of a long conversation are shown at first, and how the others follow. */

/** More than two screens of short messages. */
const shownAtFirst = 30;
/** Messages that are added at a time: 10 to 30 ms of work, so that typing is not held up. */
const batch = 8;

/** Index of the first message to show of a conversation with that many. */
export function firstShown(count: number): number {
  return Math.max(0, count - shownAtFirst);
}

/** Index of the first message to show after the next batch of earlier ones. */
export function earlierFrom(from: number): number {
  return Math.max(0, from - batch);
}

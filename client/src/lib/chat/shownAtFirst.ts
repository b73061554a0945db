/** How much of a long conversation is shown at once, and how much room the rest takes. */
import type { ThreadMessage } from './thread.ts';

/** More than two screens of short messages. */
const mostMessages = 30;
/** More than two screens of long ones, in characters. */
const mostCharacters = 12_000;

/** Index of the first message to show at once; those before follow. */
export function firstShown(thread: readonly ThreadMessage[]): number {
  let from = thread.length;
  for (let characters = 0; from > 0 && thread.length - from < mostMessages; from -= 1) {
    characters += thread[from - 1]?.message.content.length ?? 0;
    if (characters > mostCharacters && from < thread.length) break;
  }
  return from;
}

/**
 * About how many lines a text takes.
 * @param lineLength how many characters a line has
 */
export function expectedLines(text: string, lineLength: number): number {
  let lines = 0;
  for (const { length } of text.split('\n')) lines += Math.max(1, Math.ceil(length / lineLength));
  return lines;
}

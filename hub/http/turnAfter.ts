/** Large texts are dealt with in steps: others have their turn between them. */
import { setImmediate } from 'node:timers/promises';

/** Characters of JSON that all steps together take some milliseconds for. */
const smallText = 64 * 1024;

/** Resolves at once after a small text, in the next turn of the event loop after a large one. */
export async function turnAfter(text: string): Promise<void> {
  if (text.length > smallText) await setImmediate();
}

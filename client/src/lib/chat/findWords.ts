/** Where the words of a search stand in a conversation. */
import type { Message } from '@potluck/api';

const has = ({ content }: Message, words: string): boolean =>
  content.normalize().toLowerCase().includes(words.normalize().toLowerCase());

/**
 * The message to show for words that were searched for: the newest that has them.
 * @param shown ids of the messages that are shown
 * @returns undefined where what is shown has them, or no message has
 */
export function messageWith(
  messages: readonly Message[],
  shown: readonly string[],
  words: string,
): string | undefined {
  if (words.trim() === '') return undefined;
  const found = messages.filter((message) => has(message, words.trim()));
  return found.some(({ id }) => shown.includes(id)) ? undefined : found.at(-1)?.id;
}

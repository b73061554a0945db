/** How long a conversation in a body may be, counted before a schema looks at each message. */
import { tooMany } from './readBody.ts';

const maxMessages = 10_000;
/** Parts of content and calls in all messages together. */
const maxParts = 10_000;

/**
 * @param messages of a body, in whatever shape they came
 * @param partsOf counts what a message is made of
 * @throws ApiError 400
 */
export function refuseLongConversation(messages: unknown, partsOf: (message: object) => number): void {
  if (!Array.isArray(messages)) return;
  if (messages.length > maxMessages) throw tooMany('messages', `${maxMessages} messages`);
  const parts = messages.reduce<number>(
    (sum, message) =>
      sum + (typeof message === 'object' && message !== null ? partsOf(message as object) : 0),
    0,
  );
  if (parts > maxParts) throw tooMany('messages', `${maxParts} parts of content`);
}

/** Entries of a list; 0 where it is none. */
export function lengthOfList(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

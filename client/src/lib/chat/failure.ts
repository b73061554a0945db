/** What to tell a person whose message or answer did not come about. */
import { formatNumber } from '#lib/format/formatNumber.ts';
import { HubError, HubLostError, messageOf } from '#lib/hub/errors.ts';

/** An attempt to get an answer that the hub did not accept. */
export interface Failure {
  /** The message that has no answer. */
  promptId: string;
  /** What to show. */
  text: string;
  /** True where the model can't read that much at once. */
  isTooLong: boolean;
  /** True where the message alone may fit into a new conversation. */
  fitsElsewhere: boolean;
  /** True where the same request may get an answer later. */
  retryHelps: boolean;
}

/**
 * Describes why the hub did not answer message `promptId`.
 * @param messageCount messages of the conversation up to that one
 */
export function failureOf(promptId: string, error: unknown, messageCount: number): Failure {
  const isTooLong = error instanceof HubError && error.code === 'context_length_exceeded';
  const fitsElsewhere = isTooLong && messageCount > 1;
  return {
    promptId,
    text: isTooLong ? explainTooLong(error, fitsElsewhere) : messageOf(error),
    isTooLong,
    fitsElsewhere,
    retryHelps: isTooLong ? fitsElsewhere : mayPass(error),
  };
}

/** Statuses at which waiting helps: timeouts, conflicts, too many requests. */
const passing = [401, 408, 409, 429];

/** False where the request itself is what the hub refuses. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof HubError)) return true;
  return error.status < 400 || error.status >= 500 || passing.includes(error.status);
}

function explainTooLong({ message }: HubError, fitsElsewhere: boolean): string {
  const what = fitsElsewhere
    ? 'This conversation is longer than the model can read.'
    : 'This message is longer than the model can read. Shorten it, or choose a smaller maximum answer length.';
  return `${what} ${message}`;
}

/** As the hub takes it, in characters. */
export const longestMessage = 1_000_000;

/** What a person hears who pasted a whole book. */
export function tooLong(length: number): string {
  return `Your message is too long: it has ${formatNumber(length)} characters, and ${formatNumber(longestMessage)} is the most. Send a part of it.`;
}

/** True where the hub went away in the middle of an answer: it goes on with the answer once it is back. */
export function isHubAway(error: unknown): boolean {
  return error instanceof HubLostError || (error instanceof HubError && error.code === 'hub_stopped');
}

/** True where the hub says that it does not have the conversation. */
export function isOver(error: unknown): boolean {
  return error instanceof HubError && error.status === 404 && error.code === 'conversation_not_found';
}

/** Why a message was not kept, and what to do about it. The message is still where it was written. */
export function explainUnsent(error: unknown): string {
  if (isOver(error)) {
    return 'This conversation was deleted. Choose “New” to send your message in a new one.';
  }
  if (error instanceof HubError && error.code === 'message_not_found') {
    return 'This conversation was changed on another device and is now up to date. Send your message again.';
  }
  return `Your message was not sent. ${messageOf(error)}`;
}

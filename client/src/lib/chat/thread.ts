/** The way through a conversation's tree of messages: an edit or another try is a sibling. */
import type { Message } from '@potluck/api';

/** A message of the conversation as it is shown, and the others in its place. */
export interface ThreadMessage {
  message: Message;
  /** Ids of all messages in this place, oldest first; at least its own. */
  alternatives: string[];
}

/**
 * The conversation that ends at `leafId`, oldest first. Its cost grows with the number of messages, not with its square.
 * @param former what was returned before: entries that did not change are the same objects, so that nothing that shows
 * them is rendered again
 */
export function threadOf(
  messages: readonly Message[],
  leafId: string | null,
  former: readonly ThreadMessage[] = [],
): ThreadMessage[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const places = Map.groupBy(messages, placeOf);
  const thread: ThreadMessage[] = [];
  for (let id = leafId; id !== null;) {
    const message = byId.get(id);
    if (!message || thread.length > messages.length) break;
    const alternatives = (places.get(placeOf(message)) ?? [message]).map((sibling) => sibling.id);
    thread.push({ message, alternatives });
    id = message.parentId;
  }
  return thread.reverse().map((entry, index) => {
    const before = former[index];
    return before && isSameEntry(before, entry) ? before : entry;
  });
}

/** The end of the newest branch that goes through message `id`. */
export function newestLeaf(messages: readonly Message[], id: string): string {
  const newestChild = new Map(messages.map((message) => [message.parentId, message.id]));
  let leaf = id;
  for (let steps = 0; steps < messages.length; steps += 1) leaf = newestChild.get(leaf) ?? leaf;
  return leaf;
}

/**
 * The hub's messages, as the same objects where the page has them already.
 * @param former what the page has
 * @param now what the hub says
 */
export function mergeMessages(former: readonly Message[], now: readonly Message[]): Message[] {
  const known = new Map(former.map((message) => [message.id, message]));
  return now.map((message) => {
    const before = known.get(message.id);
    if (!before) return message;
    if (isSameMessage(before, message)) return before;
    // The hub writes a growing answer down once in a while: what the page has read of it is not taken back.
    const isBehind = message.status === 'streaming' && before.content.startsWith(message.content);
    return isBehind ? { ...message, content: before.content } : message;
  });
}

const placeOf = ({ parentId, role }: Message): string => `${role} ${parentId ?? ''}`;

function isSameEntry(one: ThreadMessage, other: ThreadMessage): boolean {
  return one.message === other.message && one.alternatives.join() === other.alternatives.join();
}

function isSameMessage(one: Message, other: Message): boolean {
  return (Object.keys(other) as (keyof Message)[]).every((key) => one[key] === other[key]);
}

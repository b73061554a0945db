/** The way through a conversation's tree of messages: an edit or another try is a sibling. */
import type { Message } from '@potluck/api';

/** A message of the conversation as it is shown, and the others in its place. */
export interface ThreadMessage {
  message: Message;
  /** Ids of all messages in this place, oldest first; at least its own. */
  alternatives: string[];
}

/** The conversation that ends at `leafId`, oldest first. */
export function threadOf(messages: readonly Message[], leafId: string | null): ThreadMessage[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const thread: ThreadMessage[] = [];
  for (let id = leafId; id !== null;) {
    const message = byId.get(id);
    if (!message || thread.length > messages.length) break;
    const alternatives = messages
      .filter(({ parentId, role }) => parentId === message.parentId && role === message.role)
      .map((sibling) => sibling.id);
    thread.unshift({ message, alternatives });
    id = message.parentId;
  }
  return thread;
}

/** The end of the newest branch that goes through message `id`. */
export function newestLeaf(messages: readonly Message[], id: string): string {
  const newest = messages.filter(({ parentId }) => parentId === id).at(-1);
  return newest ? newestLeaf(messages, newest.id) : id;
}

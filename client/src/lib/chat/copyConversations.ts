/** Conversations that leave the hub, and copies that come to it. */
import type { Conversation, ConversationSummary } from '@potluck/api';
import { hubJson } from '#lib/hub/hubFetch.ts';
import { fileOf, unfinishedIn, wordsOf, type FiledConversation } from './conversationFile.ts';
import { keepConversation } from './keepConversation.ts';

/** All conversations of this browser. */
export interface Exported {
  /** Of a file. */
  text: string;
  /** Answers that were being written: the file has their beginnings. */
  unfinished: number;
}

/** @throws HubError */
export async function exportConversations(): Promise<Exported> {
  const conversations: Conversation[] = [];
  for (const { id } of await listAll()) conversations.push(await read(id));
  return { text: fileOf(conversations), unfinished: unfinishedIn(conversations) };
}

/**
 * Keeps those conversations that are not here yet.
 * @param signal ends it: what is kept by then stays
 * @param kept called after each, with true where it was kept, false where it was here already
 * @throws HubError
 */
export async function importConversations(
  filed: readonly FiledConversation[],
  signal: AbortSignal,
  kept: (isNew: boolean) => void,
): Promise<void> {
  const lengths = new Set(filed.map(({ messages }) => messages.length));
  const here = new Set<string>();
  for (const { id, messageCount } of await listAll()) {
    if (signal.aborted) return;
    if (lengths.has(messageCount)) here.add(wordsOf(await read(id)));
  }
  // The newest is the first in a file, and is kept last: the list begins with what was kept last.
  for (const one of filed.toReversed()) {
    if (signal.aborted) return;
    // A file may have copies of one conversation: these are compared with what was here before only.
    const isNew = !here.has(wordsOf(one));
    if (isNew) await keepConversation(one);
    kept(isNew);
  }
}

async function listAll(): Promise<ConversationSummary[]> {
  const all: ConversationSummary[] = [];
  let cursor: string | null = null;
  do {
    const page: { conversations: ConversationSummary[]; next: string | null } = await hubJson(
      `/api/conversations?limit=200${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    all.push(...page.conversations);
    cursor = page.next;
  } while (cursor !== null);
  return all;
}

const read = (id: string): Promise<Conversation> => hubJson<Conversation>(`/api/conversations/${id}`);

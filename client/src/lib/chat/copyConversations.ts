/** Conversations that leave the hub, and copies that come to it. */
import type { Conversation } from '@potluck/api';
import { uuidv7 } from 'uuidv7';
import { hubJson, hubSend } from '#lib/hub/hubFetch.ts';
import { fileOf, type FiledConversation } from './conversationFile.ts';

/** All conversations of this browser, as the text of a file. @throws HubError */
export async function exportConversations(): Promise<string> {
  const conversations: Conversation[] = [];
  let cursor: string | null = null;
  do {
    const page: { conversations: { id: string }[]; next: string | null } = await hubJson(
      `/api/conversations?limit=200${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    for (const { id } of page.conversations)
      conversations.push(await hubJson<Conversation>(`/api/conversations/${id}`));
    cursor = page.next;
  } while (cursor !== null);
  return fileOf(conversations);
}

/**
 * Keeps a conversation at the hub, with new ids.
 * @returns the id of the conversation
 * @throws HubError
 */
export async function keepConversation(one: FiledConversation): Promise<string> {
  const { title, model, systemPrompt, sampling, currentMessageId, messages } = one;
  const id = uuidv7();
  await hubSend('POST', '/api/conversations', { id, title, model, systemPrompt, sampling });
  const ids = new Map<string, string>();
  for (const message of messages) {
    const { role, content, model: by } = message;
    const own = uuidv7();
    ids.set(message.id, own);
    const parentId = message.parentId === null ? null : (ids.get(message.parentId) ?? null);
    const body = { id: own, parentId, role, content, ...(role === 'assistant' ? { model: by } : {}) };
    await hubSend('POST', `/api/conversations/${id}/messages`, body);
  }
  const current = currentMessageId === null ? undefined : ids.get(currentMessageId);
  if (current !== undefined)
    await hubSend('PATCH', `/api/conversations/${id}`, { currentMessageId: current });
  return id;
}

import { uuidv7 } from 'uuidv7';
import { hubSend } from '#lib/hub/hubFetch.ts';
import type { FiledConversation } from './conversationFile.ts';

/** A conversation to keep; its answers may name the requests of this hub that wrote them. */
type KeptConversation = Omit<FiledConversation, 'messages'> & {
  messages: (FiledConversation['messages'][number] & { requestId?: string | null })[];
};

/**
 * Keeps a conversation at the hub, with new ids.
 * @returns the id of the conversation
 * @throws HubError
 */
export async function keepConversation(one: KeptConversation): Promise<string> {
  const { title, model, systemPrompt, sampling, currentMessageId, messages } = one;
  const id = uuidv7();
  await hubSend('POST', '/api/conversations', { id, title, model, systemPrompt, sampling });
  const ids = new Map<string, string>();
  // The hub sorts by these: either all messages have their times, or none.
  const areDated = messages.every(({ createdAt }) => createdAt !== undefined);
  let last = 0;
  for (const message of messages) {
    const { role, content, model: by, requestId = null, createdAt = 0, status, error, tokens } = message;
    last = Math.max(last, createdAt);
    const own = uuidv7();
    ids.set(message.id, own);
    const parentId = message.parentId === null ? null : (ids.get(message.parentId) ?? null);
    const body = {
      ...{ id: own, parentId, role, content },
      ...(role === 'assistant' ? { model: by, requestId, status, error, tokens } : {}),
      ...(areDated ? { createdAt: last } : {}),
    };
    await hubSend('POST', `/api/conversations/${id}/messages`, body);
  }
  const current = currentMessageId === null ? undefined : ids.get(currentMessageId);
  // The hub shows the message that came last.
  if (current !== undefined && currentMessageId !== messages.at(-1)?.id)
    await hubSend('PATCH', `/api/conversations/${id}`, { currentMessageId: current });
  return id;
}

/** Conversations in this browser's IndexedDB. */
import { createStore, del, get, set, update, values } from 'idb-keyval';
import type { Conversation } from './conversation.ts';
import type { ConversationStore } from './conversationStore.ts';

export function browserConversationStore(): ConversationStore {
  const store = createStore('potluck-conversations', 'conversations');
  return {
    async list(query = '') {
      const wanted = query.trim().toLowerCase();
      const all = await values<Conversation>(store);
      return all
        .filter((conversation) => wanted === '' || mentions(conversation, wanted))
        .sort((one, other) => other.updatedAt - one.updatedAt);
    },
    load: (id) => get<Conversation>(id, store),
    save: (conversation) => set(conversation.id, conversation, store),
    rename: (id, title) =>
      update<Conversation | undefined>(id, (kept) => (kept ? { ...kept, title } : undefined), store),
    remove: (id) => del(id, store),
  };
}

function mentions({ title, messages }: Conversation, wanted: string): boolean {
  return [title, ...messages.map(({ text }) => text)].some((text) => text.toLowerCase().includes(wanted));
}

import type { Conversation, ConversationSummary } from './conversation.ts';

/** Where conversations are kept. Used by the chat only. */
export interface ConversationStore {
  /** All conversations of this browser, the latest first; with `query`, those whose title or text has it. */
  list(query?: string): Promise<ConversationSummary[]>;
  /** @returns undefined where there is none (any more) */
  load(id: string): Promise<Conversation | undefined>;
  /** Keeps a conversation as it is now. */
  save(conversation: Conversation): Promise<void>;
  rename(id: string, title: string): Promise<void>;
  /** Forgets a conversation for good. */
  remove(id: string): Promise<void>;
}

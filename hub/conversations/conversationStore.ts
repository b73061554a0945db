/** What is kept of conversations. Every question names the owner: nobody sees another's. Times are Unix milliseconds. */
import type { Sampling } from '@potluck/api';
import type { LikelyToken } from '@potluck/api/likely-tokens';

export interface ConversationRow {
  id: string;
  /** As a request's: `local`, `key:<id>` or `browser:<hash>`. */
  owner: string;
  title: string;
  model: string | null;
  systemPrompt: string;
  sampling: Sampling;
  currentMessageId: string | null;
  createdAt: number;
  updatedAt: number;
}

/** Messages form a tree by `parentId`. */
export interface MessageRow {
  id: string;
  conversationId: string;
  parentId: string | null;
  role: 'user' | 'assistant';
  content: string;
  status: 'done' | 'streaming' | 'stopped' | 'failed' | 'interrupted';
  error: string | null;
  model: string | null;
  requestId: string | null;
  /** How sure the model was of each token of its text, where that was asked for; written at the end. */
  tokens: LikelyToken[] | null;
  createdAt: number;
}

export type ListedConversation = ConversationRow & { messageCount: number; excerpt: string | null };

export interface ConversationStore {
  /**
   * Last changed first; with `search`, those where the title or a message has it.
   * @throws DomainError if the search is too large, or ended by the signal
   */
  list(
    owner: string,
    options: {
      search?: string;
      limit: number;
      after?: Pick<ConversationRow, 'updatedAt' | 'id'>;
      signal?: AbortSignal;
    },
  ): Promise<ListedConversation[]>;
  find(owner: string, id: string): Promise<ConversationRow | undefined>;
  /** @returns false if there is one with this id, whoever's it is */
  add(row: ConversationRow): Promise<boolean>;
  change(owner: string, id: string, change: Partial<ConversationRow>): Promise<void>;
  remove(owner: string, id: string): Promise<boolean>;
  removeAll(owner: string): Promise<void>;
  /** Oldest first, those that follow `after`. */
  messages(
    conversationId: string,
    limit: number,
    after?: Pick<MessageRow, 'createdAt' | 'id'>,
  ): Promise<MessageRow[]>;
  message(conversationId: string, id: string): Promise<MessageRow | undefined>;
  /** True if there is a message with this id, whoever's it is. */
  hasMessage(id: string): Promise<boolean>;
  /** @returns false if there is one with this id, whoever's it is */
  addMessage(row: MessageRow): Promise<boolean>;
  changeMessage(conversationId: string, id: string, change: Partial<MessageRow>): Promise<void>;
  /** Removes a message and those that follow it. @returns how many there were */
  removeMessage(conversationId: string, id: string): Promise<number>;
  /** The requests whose answers in a conversation still grow; in all of the owner's where none is named. */
  growing(owner: string, conversationId?: string): Promise<string[]>;
  /** Marks answers that a former run left unfinished and the journal does not have; called at start. */
  interruptStreaming(): Promise<void>;
}

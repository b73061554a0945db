/** Conversations of a file on their way to the hub. This goes on while the person looks at other parts of the app. */
import { importConversations } from './copyConversations.ts';
import type { FiledConversation } from './conversationFile.ts';

/** The list of conversations should be read again after so many. */
const batch = 50;

/** What came of an import. */
export interface Imported {
  kept: number;
  /** Those that were here before. */
  known: number;
  /** Those that were left when the person stopped it, or something went wrong. */
  left: number;
}

class ConversationImport {
  /** How many there are; 0 while nothing is imported. */
  total = $state(0);
  done = $state(0);
  /** Rises when the list of conversations should be read again: once in a while, and at the end. */
  changes = $state(0);
  #stop: AbortController | undefined;

  /**
   * Keeps those that are not here yet. One import at a time.
   * @param ended called at the end, also where it throws
   * @throws HubError
   */
  async run(filed: readonly FiledConversation[], ended: (imported: Imported) => void): Promise<void> {
    const stopping = (this.#stop = new AbortController());
    const count = { kept: 0, known: 0 };
    this.total = filed.length;
    this.done = 0;
    try {
      await importConversations(filed, stopping.signal, (isNew) => {
        count[isNew ? 'kept' : 'known'] += 1;
        this.done += 1;
        if (this.done % batch === 0) this.changes += 1;
      });
    } finally {
      ended({ ...count, left: this.total - this.done });
      this.total = 0;
      this.changes += 1;
    }
  }

  /** What is here stays. */
  stop(): void {
    this.#stop?.abort();
  }
}

/** Of this page. */
export const conversationImport = new ConversationImport();

/** Where the journal of answers under way is kept. */
import type { CommittedToken, JournalEntry, JournalOpening, JournalState } from './journalEntry.ts';

/** What is written at once. */
export interface JournalBatch {
  opened: { opening: JournalOpening; prompt: number[]; state: JournalState }[];
  /** Further tokens of answers; `position`: how many there were before. */
  grown: { id: string; position: number; tokens: CommittedToken[]; state: JournalState }[];
  /** Ids of answers that nobody goes on with. */
  ended: string[];
}

export interface JournalStore {
  /** Keeps all of it or nothing. */
  save(batch: JournalBatch): Promise<void>;
  /** Answers that a former run left unfinished, oldest first; all others are removed. Called at start. */
  load(): Promise<JournalEntry[]>;
}

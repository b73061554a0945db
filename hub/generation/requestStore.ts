/** What is kept of requests, as others may ask for it. */
import type { RequestRecord } from './requestRecord.ts';

/** Which requests are wanted; what is missing does not matter. */
export interface RequestFilter {
  status?: RequestRecord['status'];
  model?: string;
  source?: RequestRecord['source'];
  /** Unix milliseconds, both inclusive. */
  since?: number;
  until?: number;
  /** Only requests of this owner. */
  owner?: string;
  /** Words to find; in prompts and answers only where `mayRead` wrote them. */
  search?: { text: string; mayRead: string; mayReadApi: boolean };
}

/** Place in a list that is sorted newest first. */
export interface RequestCursor {
  createdAt: number;
  id: string;
}

/** A promise that resolved means that the row survives a crash. */
export interface RequestStore {
  put(record: RequestRecord): Promise<void>;
  find(id: string): Promise<RequestRecord | undefined>;
  /**
   * Newest first, after the cursor.
   * @throws DomainError if the filter's search is too large, or ended by the signal
   */
  list(
    filter: RequestFilter,
    limit: number,
    after?: RequestCursor,
    signal?: AbortSignal,
  ): Promise<RequestRecord[]>;
  /** The same, and how many there are before and after, too. */
  page(
    filter: RequestFilter,
    limit: number,
    after?: RequestCursor,
    signal?: AbortSignal,
  ): Promise<{ records: RequestRecord[]; total: number }>;
  /** Those that run stay: they would come back with their end. @returns how many there were */
  remove(filter: RequestFilter & { id?: string }): Promise<number>;
  /** Deletes refused requests but for the last ones. @returns how many there were */
  trimRefused(most: number): Promise<number>;
  /** Marks requests that a former run left unfinished, with the tokens that the journal has of them; called at start. */
  interruptRunning(): Promise<void>;
  /** Prompt and answer tokens of a key since a time. */
  tokensOf(keyId: string, since: number): Promise<number>;
}

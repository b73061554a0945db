/** What an answer is begun with. */
import type { PredictedAnswer } from '@potluck/api';
import type { SessionId } from '@potluck/protocol';
import type { CommittedToken } from './journal/journalEntry.ts';
import type { FormerLosses } from './losses.ts';
import type { RequestAuthor, Words } from './requestRecord.ts';

export interface GenerationInit {
  id: SessionId;
  /** Unix milliseconds. */
  createdAt: number;
  model: string;
  stream: boolean;
  seed: number;
  promptTokens: number;
  maxTokens: number;
  /** Whether the answer is to have no token. */
  answersNothing: boolean;
  /** Longest chunk in which the prompt runs. */
  chunkTokens: number;
  /** When the request came, by `performance.now()`: its template and tokenizer ran since. */
  arrivedAt: number;
  /** Null where nothing can be said. */
  predicted: PredictedAnswer | null;
  author: RequestAuthor;
  /** Its words are not kept, whatever the settings say. */
  isTemporary: boolean;
  /** What was asked, where it and the answer are kept with the request. */
  words?: Words[];
  /** Filled with the tokens of the answer as they come. */
  tokens: number[];
  /** Where a former run of the hub began it. */
  goesOn?: GoesOn;
}

/** What a former run of the hub has of an answer. */
export interface GoesOn extends FormerLosses {
  tokens: readonly CommittedToken[];
}

/** What a session is begun with. */
import type { CacheId, ConstraintDescription, SamplingDescription, SessionId } from '@potluck/protocol';
import type { ScoredPrompt } from './scoredPrompt.ts';

export interface SessionInit {
  id: SessionId;
  /** At every stage; the same in each epoch. */
  cacheId: CacheId;
  prompt: number[];
  /** Tokens of the answer that are there already: the session goes on after them. */
  answered: number[];
  /** True where stages may still have the cache of an earlier epoch. */
  resumes: boolean;
  /** Tokens that a kept cache held when the answer's first session began, for the steps; undefined where none did. */
  cachedTokens?: number | undefined;
  /** Longest answer, in tokens. */
  maxTokens: number;
  stopTokenIds: number[];
  /** Most tokens in one step of the prompt, the same at every stage and in every replay. */
  chunkTokens: number;
  sampling: SamplingDescription;
  /** What the answer is held to. */
  constraint?: ConstraintDescription | undefined;
  /** Filled with how likely the prompt's tokens were, unless that is known. The session begins with an empty cache then. */
  scored?: ScoredPrompt | undefined;
  /** Shortest time after which the session is given up where no stage goes on, in milliseconds. Default 30,000. */
  leastDeadlineMs?: number | undefined;
}

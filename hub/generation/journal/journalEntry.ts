/** What the hub keeps of an answer under way, to go on with it after it was started again. */
import { createHash } from 'node:crypto';
import type {
  CacheId,
  ConstraintDescription,
  ModelPackage,
  SamplingDescription,
  SessionId,
  TokenMessage,
} from '@potluck/protocol';
import type { Recovery } from '../attempt.ts';
import type { Pause, RequestAuthor } from '../requestRecord.ts';

/** A token of the answer that the hub has. */
export type CommittedToken = Pick<TokenMessage, 'token' | 'logprob' | 'topLogprobs' | 'finish'>;

/** The request as its client sent it. */
export interface AskedRequest {
  path: string;
  /** SHA-256 of the body: a client that comes back sends the same one. */
  bodyHash: string;
  /** What the hub asks itself with, where the answer goes on without its client. */
  own?: { body: string; headers: Record<string, string> };
}

/** Which of several answers to one request it is. */
export interface ChoicePlace {
  /** Id of the first one, by which its client knows the request. */
  of: SessionId;
  /** From 0. */
  index: number;
  /** Of all of them. */
  count: number;
}

/** What does not change while the answer grows. */
export interface JournalOpening {
  /** Of the request, or of a further answer to it. */
  id: SessionId;
  /** Where the request has several answers. */
  choice?: ChoicePlace;
  /** Unix milliseconds. */
  createdAt: number;
  model: string;
  /** Of the model's files: an answer goes on with the same ones only. */
  modelDigest: string;
  author: RequestAuthor;
  /** Who shares the hub with others. */
  share: string;
  /** With whom it shares caches. */
  cacheOwner: string;
  systemTokens: number;
  stream: boolean;
  /** Longest answer, in tokens. */
  maxTokens: number;
  /** Longest chunk in which the prompt runs, in tokens. */
  chunkTokens: number;
  minTokens: number;
  stopTokenIds: number[];
  /** With the seed that was drawn. */
  sampling: SamplingDescription;
  constraint?: ConstraintDescription | undefined;
  asked: AskedRequest;
}

/** Where the answer is. */
export interface JournalState {
  /** Stages that are still here may have this cache, up to this epoch. */
  cacheId: CacheId;
  epoch: number;
  /** Tokens that a kept cache held when the answer began, for the steps. */
  cachedTokens?: number | undefined;
  recovery: Recovery;
  /** Those that are over; missing in what older versions wrote. */
  pauses?: Pause[];
  /** When this was so, in Unix milliseconds. */
  at: number;
}

export interface JournalEntry extends JournalOpening {
  /** Token ids. */
  prompt: number[];
  state: JournalState;
  /** Those of the answer so far. */
  tokens: CommittedToken[];
}

/** Names a model's files, wherever they came from and whenever that was. */
export function modelDigest({ graph, packs }: Pick<ModelPackage, 'graph' | 'packs'>): string {
  return createHash('sha256')
    .update(JSON.stringify([graph, packs]))
    .digest('hex');
}
